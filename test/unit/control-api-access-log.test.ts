import { describe, expect, it } from 'vitest';
import type { CscliFailure, CscliOutput } from '../../control-api/crowdsec/cscli.ts';
import type { Diagnosed } from '../../control-api/diagnostics/check.ts';
import { accessLog } from '../../control-api/diagnostics/checks/access-log.ts';

const ok = (stdout: string, ...warnings: string[]): CscliOutput => ({
  kind: 'ok',
  stdout,
  messages: warnings.map((text) => ({ level: 'warning', text })),
});
const refused = (message: string): CscliFailure => ({ kind: 'refused', message, hint: '', exitCode: 1, messages: [] });

/** What cscli 1.7.8 prints where it reaches no figures. */
const EMPTY = JSON.stringify({ acquisition: {}, alerts: {}, bouncers: {}, lapi: {} }, null, 1);
const READ = JSON.stringify({ acquisition: { 'file:/var/log/caddy/access.log': { reads: 4, parsed: 4 } } });
const NOBODY =
  'fetching metrics: Get "http://0.0.0.0:6060/metrics": dial tcp 0.0.0.0:6060: connect: connection refused';
const configured = (enabled: boolean, port = 6060) =>
  `&csconfig.PrometheusCfg{\n  Enabled: ${enabled},\n  Level: "full",\n  ListenAddr: "0.0.0.0",\n  ListenPort: ${port},\n}\n`;

interface Answers {
  readonly metrics: CscliOutput | CscliFailure;
  readonly config?: string;
  readonly url?: string;
}

function checked({ metrics, config = configured(true), url }: Answers) {
  const asked: string[] = [];
  const run = (args: readonly string[]) => {
    asked.push(args.join(' '));
    return Promise.resolve(args[0] === 'metrics' ? metrics : ok(config));
  };
  const diagnosed = { cscli: { run }, config: { CROWDSEC_METRICS_URL: url } } as unknown as Diagnosed;
  return accessLog.run(diagnosed).then((result) => ({ ...result, asked }));
}

describe('whether CrowdSec reads the log, asked of a current cscli', () => {
  it('is told by its figures', async () => {
    expect(await checked({ metrics: ok(READ) })).toMatchObject({
      status: 'ok',
      message: 'CrowdSec read 4 lines and understood 4, of file:/var/log/caddy/access.log',
      asked: ['metrics -o json'],
    });
    expect(await checked({ metrics: ok(EMPTY) })).toMatchObject({ status: 'warning' });
  });

  it('is not told by the empty figures of one that reached nobody', async () => {
    const result = await checked({ metrics: ok(EMPTY, 'unable to open database: x', NOBODY) });
    expect(result).toMatchObject({
      status: 'skipped',
      message: `cannot tell whether CrowdSec reads your log: its figures cannot be read at 0.0.0.0:6060: ${NOBODY}`,
      hint: expect.stringContaining('CROWDSEC_METRICS_URL') as string,
    });
    for (const words of ['while fetching metrics: x', 'failed to fetch prometheus metrics: x'])
      expect(await checked({ metrics: ok(EMPTY, words) })).toMatchObject({ status: 'skipped' });
  });

  it('is told in spite of another warning', async () => {
    const other = 'unable to open database: x';
    expect(await checked({ metrics: ok(EMPTY, other) })).toMatchObject({ status: 'warning' });
  });

  it('asks where it is told to, and says that it was there', async () => {
    const url = 'http://crowdsec:6060/metrics';
    expect(await checked({ metrics: ok(READ), url })).toMatchObject({
      status: 'ok',
      asked: [`metrics -o json --url ${url}`],
    });
    expect(await checked({ metrics: ok(EMPTY, NOBODY), url })).toMatchObject({
      status: 'skipped',
      message: expect.stringContaining(`its figures cannot be read at ${url}: `) as string,
      hint: expect.stringMatching(/^Set CROWDSEC_METRICS_URL/) as string,
    });
  });

  it('says why there are none, whichever way cscli words its configuration', async () => {
    const why = async (config: string) =>
      (await checked({ metrics: refused('x'), config })).message.replace(/^cannot tell [^:]*: /, '');
    expect(await why(configured(false))).toMatch(/prometheus\.enabled is false/);
    expect(await why('&{false full 127.0.0.1 6060}\n')).toMatch(/prometheus\.enabled is false/);
    expect(await why('&{true full 127.0.0.1 6060}\n')).toBe('its figures cannot be read at 127.0.0.1:6060: x');
    expect(await why(configured(true, 1))).toBe('its figures cannot be read at 0.0.0.0:1: x');
    expect(await why(configured(true, 0))).toMatch(/lacks listen_addr and listen_port$/);
    expect(await why('&{true full  0}\n')).toMatch(/lacks listen_addr and listen_port$/);
    expect(await why('<nil>\n')).toMatch(/has no section "prometheus"$/);
    expect(await why('something else')).toBe('cscli metrics failed, x');
  });

  it('says what cscli lacks', async () => {
    const metrics = { kind: 'missing', message: 'cscli was not found', hint: 'set CSCLI' } as const;
    expect(await checked({ metrics })).toMatchObject({
      status: 'skipped',
      message: 'cannot tell whether CrowdSec reads your log: cscli was not found',
      hint: 'set CSCLI',
    });
  });
});
