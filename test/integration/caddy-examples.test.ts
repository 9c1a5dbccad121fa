/** What we hand to users works on the Caddys that it says it works on. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { compile } from '../../caddy/compile.ts';
import { readServers } from '../../caddy/servers.ts';
import { run } from '../../scripts/servers/run.ts';
import { ruleset } from '../support/caddy-enforcer.ts';
import { CADDY_VERSIONS, caddyBinary, Workbench } from '../support/servers.ts';

const CADDY = join(import.meta.dirname, '../../caddy');
const files = ['crowdsec.caddyfile', ...readdirSync(join(CADDY, 'examples')).map((name) => join('examples', name))];

describe.each(CADDY_VERSIONS)('the example Caddyfiles on Caddy %s', (version) => {
  let workbench: Workbench;
  beforeAll(async () => void (workbench = await Workbench.open()));
  afterAll(() => workbench.stop());

  const isTooOld = (text: string) => version === '2.6.2' && /\(Caddy\s+(# )?2\.[78] and later\)\./.test(text);

  it.each(files)('%s is understood, formatted, and needs nothing that we refuse', async (file) => {
    const path = join(CADDY, file);
    const text = readFileSync(path, 'utf8');
    const { path: caddy } = await caddyBinary(version);
    const env = { HOME: workbench.folder };
    const adapted = await run(caddy, ['adapt', '--config', path, '--adapter', 'caddyfile'], { env });
    expect(adapted.code === 0).toBe(!isTooOld(text));
    expect(await run(caddy, ['fmt', path], { env })).toMatchObject({ stdout: text });
    if (adapted.code !== 0) return;
    const { apps } = JSON.parse(adapted.stdout) as { apps?: { http?: { servers?: object } } };
    const live = readServers(Buffer.from(JSON.stringify(apps?.http?.servers ?? {})));
    if (live.kind === 'unreadable') throw new Error(live.reason);
    const action = { kind: 'error', status: 403 } as const;
    const wanted = ruleset({ addresses: ['203.0.113.9'], action });
    const modern = version !== '2.6.2';
    const rules = compile(wanted, { clientIp: modern, logAppend: modern }, live.servers).servers.values();
    for (const { refused, warnings } of rules) {
      expect(refused).toEqual([]);
      // What an older Caddy could not be told in the same file, or cannot help.
      const ofOld = ['monitor_unmarked', 'websockets_cut', ...(modern ? [] : ['http3_outlives_pushes'])];
      const told = warnings.filter(({ code }) => !ofOld.includes(code));
      expect(told).toEqual([]);
    }
  });
});
