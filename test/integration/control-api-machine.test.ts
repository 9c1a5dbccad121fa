import { chmod, readFile, writeFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Address, parsePrefix } from '../../bouncer/shared/net/prefix.ts';
import { systemClock } from '../../bouncer/shared/runtime/clock.ts';
import { Cscli } from '../../control-api/crowdsec/cscli.ts';
import { cscliCommand } from '../../control-api/crowdsec/cscli-command.ts';
import { versionReader } from '../../control-api/crowdsec/crowdsec-version.ts';
import { LapiTransport } from '../../control-api/crowdsec/lapi-transport.ts';
import { machineCredentials } from '../../control-api/crowdsec/machine-credentials.ts';
import { MachineClient } from '../../control-api/crowdsec/machine-client.ts';
import { manualBanAlert } from '../../control-api/crowdsec/manual-ban.ts';
import type { CrowdsecServer } from '../../scripts/servers/crowdsec-server.ts';
import { Workbench } from '../support/servers.ts';
import { configFor } from './control-api-crowdsec.ts';

let workbench: Workbench;
let crowdsec: CrowdsecServer;
let transport: LapiTransport;

const configured = (more: Record<string, string> = {}) => configFor(crowdsec, more);

const client = (more: Record<string, string> = {}) =>
  new MachineClient(transport, () => machineCredentials(configured(more)));

const ban = (value: string, durationMs = 3_600_000) =>
  manualBanAlert({ prefix: parsePrefix(value)!, durationMs, type: 'ban', reason: 'a test' }, new Date());

beforeAll(async () => {
  workbench = await Workbench.open();
  crowdsec = await workbench.crowdsec();
  transport = new LapiTransport({ url: crowdsec.url });
  workbench.also({ stop: () => transport.close() });
});

afterAll(() => workbench.stop());

describe('CrowdSec as a machine', () => {
  it('adds decisions that a bouncer would get, addresses and ranges of both families', async () => {
    const values = ['198.51.100.1', '198.51.100.128/25', '2001:db8::1', '2001:db8:1::/48'];
    const added = await client().addAlerts(values.map((value) => ban(value)));
    expect(added).toMatchObject({ kind: 'ok' });
    const alerts = await client().alerts({ scope: 'Ip', value: '198.51.100.1' });
    expect(alerts).toMatchObject({
      kind: 'ok',
      value: [
        { scenario: 'a test', decisions: [{ origin: 'cscli', scope: 'Ip', type: 'ban', value: '198.51.100.1' }] },
      ],
    });
    const all = await client().alerts({ origin: 'cscli' });
    expect(
      all.kind === 'ok' && all.value.flatMap((alert) => alert.decisions.map((decision) => decision.value)).sort(),
    ).toEqual([...values].sort());
  });

  it('gives as many alerts as are asked for, and comes to an end where there are fewer', async () => {
    const prefix = parsePrefix('198.51.100.99')!;
    const one = manualBanAlert({ prefix, durationMs: 1_000, type: 'ban', reason: 'one of many' }, new Date());
    expect(await client().addAlerts(Array.from({ length: 230 }, () => one))).toMatchObject({ kind: 'ok' });
    for (const most of [20, 100, 101, 229, 230, 231, 500]) {
      const found = await client().alerts({ scenario: 'one of many' }, most);
      expect(found.kind === 'ok' && found.value.length, `of ${most}`).toBe(Math.min(most, 230));
    }
  });

  it('deletes by id and by value, and says how many there were', async () => {
    await client().addAlerts([ban('198.51.100.7'), ban('198.51.100.7', 7_200_000), ban('198.51.100.8')]);
    const [alert] = (await alertsOn('198.51.100.8')).flatMap((found) => found.decisions);
    expect(await client().deleteDecision(alert?.id ?? 0)).toEqual({ kind: 'ok', value: 1 });
    expect(await client().deleteDecision(4_000_000)).toEqual({ kind: 'ok', value: 0 });
    expect(await client().deleteDecisionsOn('198.51.100.7')).toEqual({ kind: 'ok', value: 2 });
    expect(await client().deleteDecisionsOn('198.51.100.7')).toEqual({ kind: 'ok', value: 0 });
  });

  it('finds nothing as an empty list', async () => {
    expect(await client().alerts({ ip: '192.0.2.200' })).toEqual({ kind: 'ok', value: [] });
  });

  it('tells a filter that LAPI does not know', async () => {
    expect(await client().alerts({ nonsense: '1' })).toMatchObject({ kind: 'refused', status: 500 });
  });

  it('logs in again when LAPI restarted and forgot its tokens', async () => {
    const machine = client();
    expect((await machine.alerts({}, 1)).kind).toBe('ok');
    await crowdsec.restart();
    expect((await machine.alerts({}, 1)).kind).toBe('ok');
  });

  it('tells a wrong password, without telling it', async () => {
    const result = await client({ CROWDSEC_MACHINE_ID: 'm', CROWDSEC_MACHINE_PASSWORD: 'hunter2' }).login();
    expect(result).toMatchObject({ kind: 'unauthorized' });
    expect(JSON.stringify(result)).not.toContain('hunter2');
  });

  it('tells a credentials file that is missing or rubbish, without quoting it', async () => {
    const missing = await client({ CROWDSEC_MACHINE_CREDENTIALS: '/nowhere/credentials.yaml' }).login();
    expect(missing).toMatchObject({
      kind: 'unauthorized',
      message: '/nowhere/credentials.yaml cannot be read (ENOENT)',
    });
    const path = workbench.path('credentials.yaml');
    await writeFile(path, 'login: m\npassword: [hunter2');
    const rubbish = await client({ CROWDSEC_MACHINE_CREDENTIALS: path }).login();
    expect(rubbish).toMatchObject({ kind: 'unauthorized', message: `${path} is not valid YAML` });
  });

  it('says that LAPI is not available while it is down', async () => {
    await crowdsec.stop();
    const result = await client().alerts({}, 1);
    await crowdsec.start();
    expect(result).toMatchObject({ kind: 'unreachable', message: 'LAPI not available: connection refused' });
  });
});

describe('the real cscli', () => {
  it('tells its version', async () => {
    expect(await versionReader(new Cscli(cscliCommand(configured())), systemClock)()).toMatchObject({
      major: 1,
      minor: 4,
    });
  });

  it('says with "lapi status" that LAPI is there', async () => {
    const result = await new Cscli(cscliCommand(configured())).run(['lapi', 'status']);
    expect(result.kind === 'ok' && result.messages.map(({ text }) => text).join()).toMatch(/successfully interact/);
  });

  it('says no in words when its credentials are missing', async () => {
    const file = await readFile(crowdsec.folders.credentials);
    await chmod(crowdsec.folders.credentials, 0o600);
    await writeFile(crowdsec.folders.credentials, 'url: http://127.0.0.1:1/\nlogin: a\npassword: b\n');
    const result = await new Cscli(cscliCommand(configured())).run(['lapi', 'status']);
    await writeFile(crowdsec.folders.credentials, file);
    expect(result).toMatchObject({ kind: 'refused', exitCode: 1 });
    expect(result.kind === 'refused' && result.message).toMatch(/connect: connection refused/);
  });
});

async function alertsOn(value: Address | string) {
  const result = await client().alerts({ scope: 'Ip', value });
  return result.kind === 'ok' ? result.value : [];
}
