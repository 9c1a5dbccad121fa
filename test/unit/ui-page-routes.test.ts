import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadPageFiles, type PageFiles } from '../../control-api/page/page-files.ts';
import { VIEW_PATHS } from '../../control-api/page/view-paths.ts';
import { appAlone, configured } from './control-api-harness.ts';

const HTML = '<!doctype html><title>page</title>';

let folder: string;
let page: PageFiles;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'page-'));
  await mkdir(join(folder, 'assets'));
  await writeFile(join(folder, 'index.html'), HTML);
  await writeFile(join(folder, 'assets', 'index-abc.js'), 'export {};');
  await writeFile(join(folder, 'assets', 'notes.txt'), 'not served');
  page = loadPageFiles(folder);
});

afterAll(() => rm(folder, { recursive: true }));

const ask = (path: string, headers: Record<string, string> = {}, changes = {}) =>
  appAlone({ page, ...changes }).request(path, { headers: { host: 'localhost:8080', ...headers } });

describe('the page', () => {
  it.each(VIEW_PATHS)('is what %s answers, without a token', async (path) => {
    const answer = await ask(path, {}, configured);
    expect(answer.status).toBe(200);
    expect(await answer.text()).toBe(HTML);
    expect(answer.headers.get('content-security-policy')).toContain("default-src 'none'");
    expect(answer.headers.get('cache-control')).toBe('no-cache');
  });

  it('is sent as small as the browser can read it', async () => {
    const brotli = await ask('/', { 'accept-encoding': 'gzip, deflate, br' });
    expect(brotliDecompressSync(Buffer.from(await brotli.arrayBuffer())).toString()).toBe(HTML);
    const gzip = await ask('/', { 'accept-encoding': 'gzip, br;q=0' });
    expect(gunzipSync(Buffer.from(await gzip.arrayBuffer())).toString()).toBe(HTML);
    expect(gzip.headers.get('vary')).toBe('accept-encoding');
  });

  it('is not sent again to a browser that has it', async () => {
    const etag = (await ask('/')).headers.get('etag') ?? '';
    expect((await ask('/', { 'if-none-match': `"other", W/${etag}` })).status).toBe(304);
    expect((await ask('/', { 'if-none-match': '"other"' })).status).toBe(200);
  });

  it('keeps named assets for ever, and knows no others', async () => {
    const asset = await ask('/assets/index-abc.js');
    expect(asset.headers.get('cache-control')).toContain('immutable');
    expect(asset.headers.get('content-type')).toContain('javascript');
    for (const path of ['/assets/notes.txt', '/assets/../index.html/', '/assets/%2e%2e/package.json', '/index.html']) {
      expect((await ask(path)).status, path).toBe(404);
    }
  });

  it('says what to do when it was never built', async () => {
    const answer = await ask('/', {}, { page: loadPageFiles(join(folder, 'nowhere')) });
    expect(answer.status).toBe(503);
    expect(await answer.json()).toMatchObject({ code: 'page_not_built' });
  });
});
