import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, expect, it } from 'vitest';
import { readAccount } from '../../control-api/crowdsec/central-api-account.ts';
import { readCrowdsecConfig } from '../../control-api/crowdsec/crowdsec-config.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

let folder: string;
beforeEach(() => void (folder = temporaryFolder('crowdsec-config')));
const write = (name: string, text: string) => writeFileSync(join(folder, name), text);

it('says where its things are, and of what it says nothing that it says nothing', async () => {
  write('config.yaml', 'common: {daemonize: true}\nconfig_paths: {hub_dir: /h, index_path: /h/.index.json}\n');
  expect(await readCrowdsecConfig(folder)).toEqual({ daemonize: true, hubDir: '/h', indexPath: '/h/.index.json' });
});

it('is config.yaml.local first, one setting at a time', async () => {
  write('config.yaml', 'common: {daemonize: true}\nconfig_paths: {hub_dir: /h, config_dir: /c}\n');
  write('config.yaml.local', 'common: {daemonize: "false"}\nconfig_paths: {hub_dir: /other}\n');
  expect(await readCrowdsecConfig(folder)).toEqual({ daemonize: false, hubDir: '/other', configDir: '/c' });
});

it.each([
  ['is missing', undefined],
  ['is no YAML', 'common: {'],
  ['is empty', ''],
  ['has other things in these places', 'common: 7\nconfig_paths: {hub_dir: [1]}\napi: {server: yes}\n'],
])('says nothing when it %s', async (_how, text) => {
  if (text !== undefined) write('config.yaml', text);
  expect(await readCrowdsecConfig(folder)).toEqual({});
});

it('names the file of the Central API’s account, which cscli would write over', async () => {
  mkdirSync(join(folder, 'elsewhere'));
  const path = join(folder, 'elsewhere', 'capi.yaml');
  write('config.yaml', `api: {server: {online_client: {credentials_path: ${path}}}}\n`);
  expect(await readAccount(folder)).toEqual({ kind: 'not_registered', message: `${path} does not exist` });
  writeFileSync(path, 'url: https://api.crowdsec.net/\nlogin: m\npassword: p\n');
  expect(await readAccount(folder)).toMatchObject({ kind: 'ok', account: { login: 'm' } });
});

it('leaves the account where CrowdSec puts it by default', async () => {
  write('online_api_credentials.yaml', 'login: m\npassword: p\n');
  expect(await readAccount(folder)).toMatchObject({
    kind: 'ok',
    account: { login: 'm', url: 'https://api.crowdsec.net/' },
  });
});
