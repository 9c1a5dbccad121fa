import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { HeartbeatRecord } from '../../control-api/heartbeat/heartbeat-record.ts';
import { writeHeartbeat } from '../../control-api/heartbeat/heartbeat-record.ts';
import type { CrowdsecServer } from '../../scripts/servers/crowdsec-server.ts';
import { projectRoot } from '../../scripts/servers/project-root.ts';
import { run } from '../../scripts/servers/run.ts';
import { requireBuild } from '../support/built.ts';
import type { Internet } from '../support/internet/internet.ts';
import { type Diagnosed, startDiagnosed } from './control-api-diagnosed.ts';

let diagnosed: Diagnosed;
let crowdsec: CrowdsecServer;
let internet: Internet;
let settings: Record<string, string>;
let speak: () => Promise<void>;

/** The control API is down in all of these; its last heartbeat is what it left in Redis. */
const beating = (): HeartbeatRecord => ({
  state: 'online',
  failures_in_a_row: 0,
  last_heartbeat_at: new Date().toISOString(),
  next_at: new Date(Date.now() + 900_000).toISOString(),
});

beforeAll(async () => {
  requireBuild();
  diagnosed = await startDiagnosed();
  ({ crowdsec, internet, settings, speak } = diagnosed);
  await writeHeartbeat(diagnosed.link, beating());
});

afterAll(() => diagnosed.stop());

describe('scripts/diagnose-crowdsec.sh', () => {
  const diagnose = (args: string[], more: Record<string, string> = {}) =>
    run(join(projectRoot, 'scripts', 'diagnose-crowdsec.sh'), args, {
      env: { ...settings, SSL_CERT_FILE: internet.caFile, ...more },
      timeoutMs: 60_000,
    });

  it('prints one line a check and the totals, and exits 0 when nothing failed', async () => {
    await speak();
    const result = await diagnose([]);
    expect([result.code, result.stdout]).toEqual([0, expect.stringMatching(/^✓ Caddy +Caddy 2\.6\.2 answers/)]);
    for (const title of ['LAPI', 'Central API', 'Console enrollment', 'Heartbeats', 'config.yaml']) {
      expect(result.stdout).toMatch(new RegExp(`^[✓!-] ${title} `, 'm'));
    }
    expect(result.stdout).toMatch(/\n\d+ fine, \d+ to look at, 0 failed, \d+ skipped\n$/);
  });

  it('exits 1 on a failed check, in both forms, and says what to do', async () => {
    await crowdsec.stop();
    const text = await diagnose([]);
    const asJson = await diagnose(['--json']);
    await crowdsec.start();
    expect(text.code).toBe(1);
    expect(text.stdout).toMatch(/^✗ LAPI +LAPI not available .*connection refused\n +→ LAPI needs 30 to 60 seconds/m);
    expect(asJson.code).toBe(1);
    const report = JSON.parse(asJson.stdout) as {
      healthy: boolean;
      totals: { failed: number };
      checks: { id: string; status: string }[];
    };
    expect(report).toMatchObject({ healthy: false });
    expect(report.totals.failed).toBe(report.checks.filter(({ status }) => status === 'failed').length);
    expect(report.checks).toContainEqual(expect.objectContaining({ id: 'lapi', status: 'failed' }));
  });

  it('gives the same report as JSON, with exit 0 when nothing failed', async () => {
    await speak();
    const result = await diagnose(['--json']);
    expect(result.code).toBe(0);
    expect(JSON.parse(result.stdout)).toMatchObject({ healthy: true, totals: { failed: 0 } });
  });

  it('looks for CrowdSec below another folder', async () => {
    const { CROWDSEC_CONFIG_DIR: _, ...elsewhere } = settings;
    await speak();
    const found = await diagnose(['--data-dir', crowdsec.folders.root], elsewhere);
    expect(found.stdout).toContain(`${crowdsec.folders.etc}/config.yaml is valid`);
    const lost = await diagnose(['--data-dir', '/nowhere', '--crowdsec-config-dir', '/nowhere']);
    expect(lost.code).toBe(1);
  });

  it('sees that the heartbeat service has stopped', async () => {
    await speak();
    await writeHeartbeat(diagnosed.link, { ...beating(), next_at: new Date(Date.now() - 600_000).toISOString() });
    const result = await diagnose([]);
    await writeHeartbeat(diagnosed.link, beating());
    expect(result.code).toBe(1);
    expect(result.stdout).toMatch(/^✗ Heartbeats +the heartbeat service is not running$/m);
  });

  it('exits 2 when it is called wrongly', async () => {
    expect((await diagnose(['--nonsense'])).code).toBe(2);
    expect((await diagnose([], { REDIS_URL: 'nonsense' })).code).toBe(2);
  });
});
