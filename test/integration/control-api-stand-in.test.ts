import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Cscli } from '../../control-api/crowdsec/cscli.ts';
import { cscliCommand } from '../../control-api/crowdsec/cscli-command.ts';
import type { CrowdsecServer } from '../../scripts/servers/crowdsec-server.ts';
import type { Internet } from '../support/internet/internet.ts';
import { Workbench } from '../support/servers.ts';
import { configFor, startInternet, withCentralApi } from './control-api-crowdsec.ts';

let workbench: Workbench;
let crowdsec: CrowdsecServer;
let internet: Internet;
let cscli: Cscli;

beforeAll(async () => {
  workbench = await Workbench.open();
  crowdsec = await workbench.crowdsec();
  internet = await startInternet(workbench, crowdsec);
  await withCentralApi(crowdsec);
  cscli = new Cscli(cscliCommand(configFor(crowdsec, { HTTPS_PROXY: internet.proxyUrl })));
});

afterAll(() => workbench.stop());

/** What the other tests stand on: the real cscli takes the stand-in for the internet. */
describe('the stand-in of the internet', () => {
  it('registers a machine at the Central API', async () => {
    expect(await cscli.run(['capi', 'register'])).toMatchObject({ kind: 'ok' });
    const credentials = await readFile(join(crowdsec.folders.etc, 'online_api_credentials.yaml'), 'utf8');
    const [machine = ''] = internet.capi.machines.keys();
    expect(credentials).toContain(`login: ${machine}`);
  });

  it('serves the Hub', async () => {
    expect(await cscli.run(['hub', 'update'])).toMatchObject({ kind: 'ok' });
    expect(await cscli.run(['collections', 'install', 'crowdsecurity/caddy'])).toMatchObject({ kind: 'ok' });
    expect(internet.hubRequests).toContain('/.index.json');
    const list = await cscli.run(['collections', 'list', '-o', 'json']);
    expect(list.kind === 'ok' && list.stdout).toContain('crowdsecurity/caddy');
  });

  it('enrolls, once', async () => {
    internet.capi.keys.add('abcdefghijkl');
    const first = await cscli.run(['console', 'enroll', '--name', 'n', '--tags', 't', 'abcdefghijkl']);
    expect(first.kind === 'ok' && first.messages.map((message) => message.text).join('\n')).toMatch(
      /Watcher successfully enrolled/,
    );
    expect(internet.capi.enrollments).toEqual([
      { attachment_key: 'abcdefghijkl', name: 'n', tags: ['t'], overwrite: false },
    ]);
    const again = await cscli.run(['console', 'enroll', 'abcdefghijkl']);
    expect(again.kind === 'ok' && again.messages).toContainEqual({
      level: 'warning',
      text: expect.stringMatching(/^Instance already enrolled/) as string,
    });
  });

  it('refuses an unknown key', async () => {
    const result = await cscli.run(['console', 'enroll', 'zzzzzzzzzzzz']);
    expect(result.kind === 'refused' && result.message).toMatch(
      /could not enroll instance: API error: the attachment key provided is not valid/i,
    );
  });
});
