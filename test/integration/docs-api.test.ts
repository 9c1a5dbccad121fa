/** Every command of control-api/README.md, run by a real shell and curl against the real programs, in its order. */
import { spawn } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  concretePathOf,
  curlOf,
  type GivenAnswer,
  OTHERS,
  PREPARATION,
  UNAUTHORIZED,
} from '../../scripts/docs/api-page.ts';
import { BEFORE, SHOWN_KEY, TOUR } from '../../scripts/docs/api-tour.ts';
import { API_ANSWERS, inHouseStyle } from '../support/api-page.ts';
import type { Internet } from '../support/internet/internet.ts';
import { pages } from '../support/markdown.ts';
import { startStack, type Stack } from '../support/stack.ts';
import { waitFor } from '../support/wait-for.ts';
import { settingsBeside, startInternet, withCentralApi } from './control-api-crowdsec.ts';
import { checkDocumented } from './control-api-documented.ts';
import { type ApiUnderTest, startApi, TEST_TOKEN } from './control-api-under-test.ts';

/** Written into the page instead of being compared with it. */
const isRecording = process.env['UPDATE_DOCS'] !== undefined;

const page = pages('control-api').find(({ path }) => path === 'control-api/README.md');
const [preparation = '', ...commands] = isRecording
  ? [PREPARATION, ...wanted()]
  : (page?.blocks.filter(({ language }) => language === 'sh') ?? []).flatMap(({ text }, index) =>
      index === 0 ? [text] : text.trim().split('\n'),
    );

function wanted(): string[] {
  return [UNAUTHORIZED, ...TOUR.flatMap(({ stops }) => stops.map(curlOf)), ...OTHERS];
}

let stack: Stack;
let internet: Internet;
let api: ApiUnderTest;
let folder: string;
const answers: Record<string, GivenAnswer> = {};

beforeAll(async () => {
  stack = await startStack({ caddy: 'newest', bouncer: { BOUNCER_ID: 'bouncer' } });
  const { workbench, crowdsec } = stack;
  internet = await startInternet(workbench, crowdsec);
  internet.capi.keys.add(SHOWN_KEY);
  await withCentralApi(crowdsec);
  for (const { value, ...options } of BEFORE) await stack.ban(value, options);
  api = await startApi(workbench, {
    ...(await settingsBeside(stack)),
    HTTPS_PROXY: internet.proxyUrl,
  });
  await waitFor(async () => ((await api.get('/decisions')).body as { total?: number }).total === BEFORE.length, {
    what: 'the decisions to be read',
    withinMs: 60_000,
  });
  folder = workbench.path('where-the-reader-is');
  await mkdir(join(folder, 'secrets'), { recursive: true });
  await writeFile(join(folder, 'secrets', 'control_api_token'), `${TEST_TOKEN}\n`, { mode: 0o600 });
  // What curl itself would not say: it is asked through its own file, so that the lines stay as they are.
  await writeFile(join(folder, '.curlrc'), 'silent\nshow-error\nwrite-out = "\\n%{http_code} %{content_type}"\n');
});

afterAll(async () => {
  await stack.stop();
  if (isRecording) await writeFile(API_ANSWERS, await inHouseStyle(API_ANSWERS, anonymous(JSON.stringify(answers))));
});

/** Runs a line as a person would who has pasted the page's first block; `isStream`: until it has said something. */
async function paste(line: string): Promise<GivenAnswer> {
  const script = `${preparation.replace('http://localhost:8080', api.url)}\n${line}`;
  const shell = spawn('bash', ['-euc', script], {
    cwd: folder,
    env: { PATH: process.env['PATH'], CURL_HOME: folder, HOME: folder },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true, // so that curl, its child, can be ended with it
  });
  const said = { out: '', err: '' };
  shell.stderr.setEncoding('utf8').on('data', (text: string) => (said.err += text));
  const ended = new Promise<number>((resolve) => shell.once('close', (code) => resolve(code ?? -1)));
  shell.stdout.setEncoding('utf8').on('data', (text: string) => (said.out += text));
  if (line.includes(' -N ')) {
    await waitFor(() => /^data: [^]*?\n\n/m.test(said.out), { what: `an event from ${line}`, withinMs: 30_000 });
    process.kill(-(shell.pid ?? 0), 'SIGTERM');
    await ended;
    return { status: 200, type: 'text/event-stream', body: said.out };
  }
  expect(await ended, `${line}: ${said.err}`).toBe(0);
  const [, body = '', status = '', type = ''] = /^([\s\S]*)\n(\d{3}) (.*)$/.exec(said.out) ?? [];
  return { status: Number(status), type, body: type.includes('json') ? (JSON.parse(body) as unknown) : body };
}

describe('control-api/README.md', () => {
  it('has every command of the tour, and no other', () => expect(commands).toEqual(wanted()));

  it.each(commands)('%s', async (line) => {
    const answer = await paste(line);
    expect(answer.status, JSON.stringify(answer.body)).toBe(line === UNAUTHORIZED ? 401 : 200);
    const stop = TOUR.flatMap(({ stops }) => stops).find((candidate) => curlOf(candidate) === line);
    if (stop !== undefined) checkDocumented(stop.method, concretePathOf(stop), answer.status, answer.type, answer.body);
    if (!OTHERS.some((other) => other === line)) answers[line] = { ...answer, body: shortened(answer.body) };
  });
});

/** Lists to two entries: the page is to be read. */
function shortened(value: unknown): unknown {
  if (Array.isArray(value)) return value.slice(0, 2).map(shortened);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, shortened(inner)]));
}

/** The addresses and folders of a test, as the compose file has them. */
function anonymous(text: string): string {
  const { crowdsec, redis, caddy, bouncer, workbench } = stack;
  const known: [string, string][] = [
    [api.url, 'http://localhost:8080'],
    [crowdsec.url, 'http://crowdsec:8080'],
    [redis.url, 'redis://redis:6379/0'],
    [caddy.admin, 'unix//run/caddy/admin.sock'],
    [bouncer.url, 'http://bouncer:8090'],
    [crowdsec.folders.etc, '/etc/crowdsec'],
    [crowdsec.folders.data, '/var/lib/crowdsec/data'],
    [crowdsec.folders.hub, '/etc/crowdsec/hub'],
    [workbench.folder, '/var/lib/caddy-crowdsec-sidecar'],
  ];
  return known.reduce((done, [from, to]) => done.replaceAll(from, to), text);
}
