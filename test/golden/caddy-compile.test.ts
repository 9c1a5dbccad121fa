/** Golden cases, each of them loaded by both real Caddys; `npm run test:golden:update` writes what they should hold. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CaddyServer } from '../../scripts/servers/caddy-server.ts';
import { freePort } from '../../scripts/servers/ports.ts';
import { enforce } from '../support/caddy-enforcer.ts';
import { parseGolden, showCompilation, writeGolden, type GoldenCase } from '../support/caddy-golden.ts';
import { CADDY_VERSIONS, Workbench, type CaddyVersion } from '../support/servers.ts';

const FOLDER = join(import.meta.dirname, 'cases');
const UPDATE = process.env['UPDATE_GOLDEN'] === '1';

const files = readdirSync(FOLDER).filter((file) => file.endsWith('.golden'));

describe('golden cases of the compiler', () => {
  let workbench: Workbench;
  const caddies = new Map<CaddyVersion, CaddyServer>();

  beforeAll(async () => {
    workbench = await Workbench.open();
    for (const version of CADDY_VERSIONS) {
      caddies.set(version, await workbench.caddy(version, { kind: 'json', value: {} }));
    }
  });
  afterAll(() => workbench.stop());

  it.each(files)('%s', async (file) => {
    const path = join(FOLDER, file);
    const golden = parseGolden(readFileSync(path, 'utf8'));
    const compiled = new Map<string, string>();
    for (const [version, caddy] of caddies) {
      if (golden.only !== undefined && golden.only !== version) continue;
      await load(caddy, golden, workbench);
      // Loads the result, and fails if Caddy runs anything else than that.
      compiled.set(version, showCompilation(await enforce(caddy, golden.ruleset)));
    }
    const wanted = writeGolden(golden, compiled);
    if (UPDATE) writeFileSync(path, wanted);
    expect(readFileSync(path, 'utf8')).toBe(wanted);
  });
});

async function load(caddy: CaddyServer, golden: GoldenCase, workbench: Workbench): Promise<void> {
  const fill = await portFiller(workbench);
  const config = golden.caddyfile === undefined ? serversConfig(caddy, fill(golden.servers ?? '{}')) : undefined;
  const caddyfile = `{\nadmin ${caddy.admin}\n${golden.globals}\n}\n${golden.caddyfile ?? ''}`;
  const answer = await caddy.adminCall('POST', '/load', config ?? (await caddy.adapt(fill(caddyfile))));
  expect(answer).toMatchObject({ status: 200 });
}

function serversConfig(caddy: CaddyServer, servers: string): object {
  return { admin: { listen: caddy.admin }, apps: { http: { servers: JSON.parse(servers) as unknown } } };
}

/** PORT, PORT2 and SOCKET become free ones. */
async function portFiller(workbench: Workbench): Promise<(text: string) => string> {
  // Caddy numbers its servers by their listeners, so the order of the two must not be chance.
  const [first, second] = [await freePort(), await freePort()].sort();
  const socket = workbench.path('listen.sock');
  return (text) =>
    text.replaceAll('PORT2', String(second)).replaceAll('PORT', String(first)).replaceAll('SOCKET', socket);
}
