import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync, gzipSync } from 'node:zlib';

/** One file of the built page, in every form that a browser may ask for. A whole page is under 100 KB: memory is fine. */
export interface PageFile {
  readonly type: string;
  readonly etag: string;
  /** Its name carries its hash, so what it holds never changes. */
  readonly isImmutable: boolean;
  readonly bodies: Readonly<Record<Encoding, Buffer<ArrayBuffer>>>;
}

export type Encoding = 'br' | 'gzip' | 'identity';

/** By URL path. */
export type PageFiles = ReadonlyMap<string, PageFile>;

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
};

/** Where `npm run build` puts the page: beside the compiled program, also for a program that runs from its source. */
const BUILT = fileURLToPath(
  new URL(import.meta.url.endsWith('.ts') ? '../../dist/control-api/ui/' : '../ui/', import.meta.url),
);

/** Empty when the page was never built; the API works without it. */
export function loadPageFiles(folder = BUILT): PageFiles {
  if (!existsSync(join(folder, 'index.html'))) return new Map();
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' });
  return new Map(
    names.flatMap((name) => {
      const type = TYPES[extname(name)];
      const path = `/${name.replaceAll('\\', '/')}`;
      return type === undefined ? [] : [[path, pageFile(readFileSync(join(folder, name)), type, path)]];
    }),
  );
}

function pageFile(content: Buffer<ArrayBuffer>, type: string, path: string): PageFile {
  return {
    type,
    etag: `"${createHash('sha256').update(content).digest('base64url').slice(0, 22)}"`,
    isImmutable: path.startsWith('/assets/'),
    bodies: { br: brotliCompressSync(content), gzip: gzipSync(content, { level: 9 }), identity: content },
  };
}
