/** The shell scripts of deploy/, run as they are in folders of their own. */
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { projectRoot } from '../../scripts/servers/project-root.ts';

const deploy = join(projectRoot, 'deploy');
const own = `${process.getuid?.() ?? 0}:${process.getgid?.() ?? 0}`;

let folder: string;
beforeEach(() => void (folder = mkdtempSync(join(tmpdir(), 'deploy-'))));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const text = (...path: string[]) => readFileSync(join(folder, ...path), 'utf8');
const mode = (...path: string[]) => (statSync(join(folder, ...path)).mode & 0o777).toString(8);

describe('make-secrets.sh', () => {
  const make = () => execFileSync(join(deploy, 'make-secrets.sh'), [join(folder, 'secrets')], { encoding: 'utf8' });

  it('makes two secrets of 256 bits that only their owner can read', () => {
    make();
    expect(readdirSync(join(folder, 'secrets')).sort()).toEqual(['bouncer_key', 'control_api_token']);
    expect(mode('secrets')).toBe('700');
    for (const name of ['bouncer_key', 'control_api_token']) {
      expect(text('secrets', name)).toMatch(/^[0-9a-f]{64}$/);
      expect(mode('secrets', name)).toBe('600');
    }
    expect(text('secrets', 'bouncer_key')).not.toBe(text('secrets', 'control_api_token'));
  });

  it('keeps what is there, closes what stands open, and prints no secret', () => {
    make();
    const before = text('secrets', 'bouncer_key');
    chmodSync(join(folder, 'secrets', 'bouncer_key'), 0o644);
    const said = make();
    expect(text('secrets', 'bouncer_key')).toBe(before);
    expect(mode('secrets', 'bouncer_key')).toBe('600');
    expect(said).not.toContain(before);
  });

  it('fills a secret that was left empty', () => {
    mkdirSync(join(folder, 'secrets'));
    writeFileSync(join(folder, 'secrets', 'bouncer_key'), '');
    make();
    expect(text('secrets', 'bouncer_key')).toHaveLength(64);
  });
});

describe('prepare.sh', () => {
  const prepare = () => {
    for (const name of ['given', 'out', 'logs', 'caddy', 'state']) mkdirSync(join(folder, name), { recursive: true });
    writeFileSync(join(folder, 'given', 'bouncer_key'), 'key-1');
    writeFileSync(join(folder, 'given', 'control_api_token'), 'token-1');
    execFileSync('sh', [join(deploy, 'prepare.sh')], {
      env: {
        ...process.env,
        GIVEN_SECRETS: join(folder, 'given'),
        SECRETS_DIR: join(folder, 'out'),
        LOGS_DIRS: join(folder, 'logs'),
        CADDY_DIRS: join(folder, 'caddy'),
        BOUNCER_STATE: join(folder, 'state'),
        SIDECAR_OWNER: own,
        ROOT_OWNER: own,
      },
    });
  };

  it('gives every part its own copy of what it needs, and nothing else', () => {
    prepare();
    expect(readdirSync(join(folder, 'out', 'bouncer')).sort()).toEqual(['bouncer_key', 'bouncer_token']);
    expect(readdirSync(join(folder, 'out', 'crowdsec')).sort()).toEqual([
      'bouncer_key',
      'bouncer_token',
      'machine_password',
    ]);
    expect(readdirSync(join(folder, 'out', 'control-api')).sort()).toEqual([
      'bouncer_key',
      'bouncer_token',
      'control_api_token',
      'machine_password',
    ]);
    expect(text('out', 'bouncer', 'bouncer_key')).toBe('key-1');
    expect(text('out', 'crowdsec', 'machine_password')).toBe(text('out', 'control-api', 'machine_password'));
    expect(mode('out', 'bouncer')).toBe('700');
    expect(mode('out', 'bouncer', 'bouncer_key')).toBe('400');
  });

  it('makes the internal secrets once', () => {
    prepare();
    const first = text('out', 'bouncer', 'bouncer_token');
    prepare();
    expect(first).toMatch(/^[0-9a-f]{64}$/);
    expect(text('out', 'bouncer', 'bouncer_token')).toBe(first);
  });
});

describe("CrowdSec's start.sh", () => {
  const start = () => {
    mkdirSync(join(folder, 'secrets'), { recursive: true });
    for (const name of ['bouncer_key', 'bouncer_token', 'machine_password']) {
      writeFileSync(join(folder, 'secrets', name), `the-${name}`);
    }
    const env = {
      PATH: process.env['PATH'],
      SECRETS_DIR: join(folder, 'secrets'),
      NOTIFICATIONS_DIR: join(folder, 'n'),
    };
    return execFileSync('bash', [join(deploy, 'crowdsec', 'start.sh'), 'env'], { env, encoding: 'utf8' });
  };

  it('hands the secrets to the image as the variables that it reads, and becomes the command', () => {
    const environment = start().split('\n');
    expect(environment).toContain('BOUNCER_KEY_caddy_sidecar=the-bouncer_key');
    expect(environment).toContain('AGENT_PASSWORD=the-machine_password');
  });

  it('writes a notification that the profiles name', () => {
    start();
    const notification = parse(text('n', 'caddy-sidecar.yaml')) as Record<string, unknown>;
    expect(notification).toMatchObject({
      type: 'http',
      method: 'POST',
      url: 'http://bouncer:8090/refresh',
      headers: { Authorization: 'Bearer the-bouncer_token' },
    });
    expect(notification).not.toHaveProperty('group_threshold');
    expect(mode('n', 'caddy-sidecar.yaml')).toBe('600');
    const profile = parse(
      readFileSync(join(deploy, 'crowdsec', 'profiles.yaml.local'), 'utf8').replace(/---\s*$/, ''),
    ) as { notifications: string[] };
    expect(profile.notifications).toEqual([notification['name']]);
  });
});
