/** The link between a site and CrowdSec's scenarios: a real CrowdSec that reads a log, as `cscli metrics` tells of it. */
import { appendFile, cp, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse, stringify } from 'yaml';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findCrowdsec } from '../../scripts/servers/binaries.ts';
import { Child } from '../../scripts/servers/child.ts';
import type { CrowdsecServer } from '../../scripts/servers/crowdsec-server.ts';
import { freePort } from '../../scripts/servers/ports.ts';
import type { RedisServer } from '../../scripts/servers/redis-server.ts';
import { Workbench } from '../support/servers.ts';
import { waitFor } from '../support/wait-for.ts';
import { settingsFor } from './control-api-crowdsec.ts';
import { type ApiUnderTest, startApi } from './control-api-under-test.ts';

interface Checks {
  readonly checks: readonly {
    readonly id: string;
    readonly status: string;
    readonly message: string;
    readonly hint?: string;
  }[];
}

/** One request, as Caddy logs it. */
const LINE = `${JSON.stringify({
  level: 'info',
  ts: 1_700_000_000.1,
  logger: 'http.log.access',
  msg: 'handled request',
  request: {
    remote_ip: '203.0.113.9',
    remote_port: '1',
    client_ip: '203.0.113.9',
    proto: 'HTTP/1.1',
    method: 'GET',
    host: 'x',
    uri: '/a',
    headers: { 'User-Agent': ['curl'] },
  },
  user_id: '',
  duration: 0.1,
  size: 1,
  status: 404,
  resp_headers: {},
})}\n`;

let workbench: Workbench;
let redis: RedisServer;
let crowdsec: CrowdsecServer;
let api: ApiUnderTest;
let log: string;

const check = async () =>
  ((await api.get('/diagnostics/config')).body as Checks).checks.find(({ id }) => id === 'access_log');
const untilSaid = (words: RegExp) =>
  waitFor(async () => words.test((await check())?.message ?? ''), {
    what: `the check to say ${words.source}`,
    withinMs: 60_000,
  });

beforeAll(async () => {
  workbench = await Workbench.open();
  [redis, crowdsec] = await Promise.all([workbench.redis(), workbench.crowdsec()]);
  log = join(crowdsec.folders.root, 'access.log');
  await writeFile(log, '');
  api = await startApi(workbench, { ...settingsFor(crowdsec), REDIS_URL: redis.url });
});

afterAll(() => workbench.stop());

/** With the part that reads logs, which the servers of other tests leave out. */
async function startWithAgent(): Promise<void> {
  const { folders, controlEnvironment } = crowdsec;
  const libraries = controlEnvironment['LD_LIBRARY_PATH'];
  const { hubDir, path } = await findCrowdsec();
  if (hubDir === undefined) throw new Error('this CrowdSec came without its Hub, so it has no parsers');
  for (const [stage, name] of [
    ['s00-raw', 'syslog-logs.yaml'],
    ['s01-parse', 'caddy-logs.yaml'],
  ] as const) {
    await mkdir(join(folders.etc, 'parsers', stage), { recursive: true });
    await cp(join(hubDir, 'parsers', stage, 'crowdsecurity', name), join(folders.etc, 'parsers', stage, name));
  }
  const acquisition = join(folders.etc, 'acquis.yaml');
  await writeFile(acquisition, stringify({ filenames: [log], labels: { type: 'caddy' } }));
  const config = parse(await readFile(folders.config, 'utf8')) as object;
  const prometheus = { enabled: true, level: 'full', listen_addr: '127.0.0.1', listen_port: await freePort() };
  await writeFile(
    folders.config,
    stringify({ ...config, prometheus, crowdsec_service: { acquisition_path: acquisition } }),
  );
  await crowdsec.stop();
  const agent = workbench.also(
    new Child({
      name: 'CrowdSec with its agent',
      command: path,
      args: ['-c', folders.config],
      cwd: folders.root,
      ...(libraries === undefined ? {} : { env: { LD_LIBRARY_PATH: libraries } }),
      ready: async () => (await fetch(`http://127.0.0.1:${prometheus.listen_port}/metrics`)).ok,
    }),
  );
  await agent.start();
}

describe('CrowdSec whose figures cannot be had', () => {
  it.each([
    ['has them switched off', { enabled: false }, /CrowdSec counts nothing, prometheus\.enabled is false/, /6060/],
    ['knows nothing of them', undefined, /CrowdSec counts nothing, .* has no section "prometheus"$/, /6060/],
    ['is not told where to', { enabled: true }, /lacks listen_addr and listen_port$/, /6060/],
    [
      'has not been restarted since',
      { enabled: true, level: 'full', listen_addr: '127.0.0.1', listen_port: 1 },
      /its figures cannot be read at 127\.0\.0\.1:1: .*connection refused$/,
      /^Restart CrowdSec/,
    ],
  ])('%s: says so, and what would make it tell', async (_what, prometheus, message, hint) => {
    const config = parse(await readFile(crowdsec.folders.config, 'utf8')) as Record<string, unknown>;
    delete config['prometheus'];
    const written = { ...config, ...(prometheus === undefined ? {} : { prometheus }) };
    await writeFile(crowdsec.folders.config, stringify(written));
    await untilSaid(message); // the last answer serves for a second
    expect(await check()).toMatchObject({
      status: 'skipped',
      message: expect.stringMatching(/^cannot tell whether CrowdSec reads your log: /) as string,
      hint: expect.stringMatching(hint) as string,
    });
  });

  it('cannot be asked: says what cscli lacks', async () => {
    const without = await startApi(workbench, { REDIS_URL: redis.url, CSCLI: '/nowhere/cscli' });
    await waitFor(async () => (await without.get('/status')).status === 200, { what: 'the API to reach Redis' });
    const { checks } = (await without.get('/diagnostics/config')).body as Checks;
    expect(checks.find(({ id }) => id === 'access_log')).toMatchObject({
      message: 'cannot tell whether CrowdSec reads your log: /nowhere/cscli was not found',
      hint: expect.stringContaining('set CSCLI') as string,
    });
    await without.stop();
  });
});

it('sees that no line was read, then that none was understood, then that all is well', async () => {
  await startWithAgent();
  await untilSaid(/^this CrowdSec has read no line/);
  expect(await check()).toMatchObject({ status: 'warning', hint: expect.stringContaining('acquis.yaml') as string });
  const writing = setInterval(() => void appendFile(log, 'no JSON at all\n'), 500);
  await untilSaid(/^CrowdSec read \d+ lines? of file:\S*access\.log and understood none$/).finally(() =>
    clearInterval(writing),
  );
  expect(await check()).toMatchObject({
    status: 'warning',
    hint: expect.stringContaining('collections install') as string,
  });
  await appendFile(log, LINE.repeat(3));
  await untilSaid(/^CrowdSec read \d+ lines and understood 3, of file:\S*access\.log$/);
  expect(await check()).toMatchObject({ status: 'ok' });
});
