import type { Context } from 'hono';
import { Hono } from 'hono';
import { Problem } from '../http/problem.ts';
import type { Encoding, PageFile, PageFiles } from './page-files.ts';
import { VIEW_PATHS } from './view-paths.ts';

export interface PagePorts {
  /** None: an API without its page, as in tests of the API alone. */
  readonly page?: PageFiles;
}

/** The page itself at every view's URL, and the files that it is made of. */
export function pageRoutes({ page = new Map() }: PagePorts): Hono {
  const app = new Hono();
  const index = (c: Context) => {
    const file = page.get('/index.html');
    if (file === undefined) throw notBuilt();
    return answer(c, file);
  };
  for (const path of VIEW_PATHS) app.get(path, index);
  const asset = (c: Context) => {
    const file = page.get(c.req.path);
    return file === undefined ? c.notFound() : answer(c, file);
  };
  app.get('/assets/*', asset);
  app.get('/favicon.svg', asset);
  return app;
}

/** A year, as RFC 9111 means "for ever"; `no-cache` still allows a 304. */
const IMMUTABLE = 'public, max-age=31536000, immutable';

function answer(c: Context, file: PageFile): Response {
  const headers = {
    etag: file.etag,
    vary: 'accept-encoding',
    'cache-control': file.isImmutable ? IMMUTABLE : 'no-cache',
  };
  if (namesTag(c.req.header('if-none-match'), file.etag)) return c.body(null, 304, headers);
  const encoding = bestEncoding(c.req.header('accept-encoding'));
  const encoded = encoding === 'identity' ? {} : { 'content-encoding': encoding };
  return c.body(file.bodies[encoding], 200, { ...headers, ...encoded, 'content-type': file.type });
}

/** If-None-Match compares weakly (RFC 9110 §13.1.2): a proxy that compressed may have made the tag weak. */
function namesTag(header: string | undefined, etag: string): boolean {
  return header?.split(',').some((tag) => tag.trim().replace(/^W\//, '') === etag) ?? false;
}

function bestEncoding(accepted = ''): Encoding {
  const names = accepted
    .split(',')
    .filter((part) => !/;\s*q=0(\.0*)?\s*$/.test(part))
    .map((part) => part.split(';')[0]?.trim());
  return names.includes('br') ? 'br' : names.includes('gzip') ? 'gzip' : 'identity';
}

function notBuilt(): Problem {
  return new Problem({
    status: 503,
    code: 'page_not_built',
    title: 'The page was not built',
    detail: 'The files of the web page are missing beside this program; the API itself works.',
    hint: 'Run `npm run build` and start the control API again.',
  });
}
