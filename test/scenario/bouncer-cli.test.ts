import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { projectRoot } from '../../scripts/servers/project-root.ts';
import { bouncerOptions } from '../../bouncer/config.ts';
import { flagOf } from '../../bouncer/shared/config/option.ts';
import { requireBuild } from '../support/built.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

beforeAll(() => requireBuild(), 120_000);

const SECRETS = { CROWDSEC_BOUNCER_KEY: 'hunter2-key', BOUNCER_TOKEN: 'hunter2-long-token', REDIS_URL: 'redis://:hunter2@127.0.0.1:1' }; // prettier-ignore
const KEYLESS = { BOUNCER_TOKEN: 'hunter2-long-token', REDIS_URL: 'none', BOUNCER_LISTEN: '127.0.0.1:1' };
const ALONE = { ...KEYLESS, CROWDSEC_BOUNCER_KEY: 'hunter2-key' };

interface Ended {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** Runs the built program with nothing in its environment but this. */
function bouncer(args: readonly string[], environment: Readonly<Record<string, string>> = {}): Promise<Ended> {
  const env = { PATH: process.env['PATH'], HOME: tmpdir(), STATE_DIR: join(tmpdir(), 'bouncer-cli'), ...environment };
  return new Promise((resolve) => {
    execFile(process.execPath, [join(projectRoot, 'dist/bouncer/main.js'), ...args], { env }, (error, out, err) => {
      expect(`${out}${err}`).not.toContain('hunter2');
      resolve({ code: error === null ? 0 : Number(error.code), out, err });
    });
  });
}

describe('check-config', () => {
  it('prints every setting with its value and source, and no secret', async () => {
    const { code, out } = await bouncer(['check-config', '--push-interval', '7s'], SECRETS);
    expect(code).toBe(0);
    for (const name of Object.keys(bouncerOptions)) expect(out).toContain(`${name} = `);
    expect(out).toContain('PUSH_INTERVAL = 7000  (flag)');
    expect(out).toContain('REDIS_URL = [secret]  (environment)');
    expect(out).toContain('The configuration is valid.');
  });

  it('prints every error at once, each with a hint, and exits 2', async () => {
    const wrong = {
      REDIS_URL: 'redis//:hunter2@redis',
      CROWDSEC_POLL_INTERVAL: '4d',
      ALLOWLIST: '999.1.1.1',
      BAN_ACTION: '200',
    };
    const { code, out, err } = await bouncer(['check-config'], wrong);
    expect([code, out]).toEqual([2, '']);
    for (const name of Object.keys(wrong)) expect(err).toMatch(new RegExp(`^${name}: .+\\n    → .+$`, 'm'));
  });

  it('looks into the files that settings name', async () => {
    const { code, err } = await bouncer(['check-config'], { ...SECRETS, CROWDSEC_CA_FILE: '/nowhere/ca.pem' });
    expect(code).toBe(2);
    expect(err).toMatch(/^CROWDSEC_CA_FILE: .*\/nowhere\/ca\.pem/);
  });

  it('reads a file, and knows what a misspelt name in it meant', async () => {
    const file = join(temporaryFolder('config'), 'bouncer.yaml');
    writeFileSync(file, 'crowdsec_bouncer_key: hunter2\npush_intervall: 3s\n');
    const { code, err } = await bouncer(['check-config', '--config', file]);
    expect(code).toBe(2);
    expect(err).toContain('did you mean PUSH_INTERVAL?');
    expect((await bouncer(['check-config', '--config', '/nowhere.yaml'])).err).toContain('/nowhere.yaml');
  });
});

describe('help', () => {
  it('names every setting, and each secret also as a file', async () => {
    const { code, out } = await bouncer(['--help']);
    expect(code).toBe(0);
    for (const [name, option] of Object.entries(bouncerOptions)) {
      expect(out).toContain(`${flagOf(name)} <value>`);
      if ('secret' in option) expect(out).toContain(`${flagOf(name)}-file <path>`);
    }
    for (const command of ['run', 'check-config', 'status', 'lookup', 'export', 'clear', 'healthcheck'])
      expect(out).toContain(command);
  });

  it('comes with a version', async () => {
    expect((await bouncer(['--version'])).out).toMatch(/^\d+\.\d+\.\d+\n$/);
  });
});

describe('wrong usage', () => {
  it.each([[['nonsense']], [['run', '--nonsense']], [['lookup']], [['export', '--format', 'xml']], [[]]])(
    '%j exits 2 and says what would be right',
    async (args) => {
      const { code, err } = await bouncer(args, ALONE);
      expect(code).toBe(2);
      expect(err).not.toBe('');
    },
  );

  it.each(['999.1.1.1', '192.0.2.0/24', 'localhost'])('lookup %s exits 2: it is no address', async (ip) => {
    const { code, err } = await bouncer(['lookup', ip], ALONE);
    expect([code, err]).toEqual([2, expect.stringContaining(`"${ip}" is not an IP address`)]);
  });

  it.each([['run'], ['check-config']])('%s without a key exits 2', async (command) => {
    const { code, err } = await bouncer([command]);
    expect([code, err]).toEqual([2, expect.stringContaining('CROWDSEC_BOUNCER_KEY: is required')]);
  });
});

describe('without a daemon', () => {
  it.each([[['status']], [['status', '--json']], [['lookup', '192.0.2.1']], [['export']], [['healthcheck']]])(
    "%j exits 1 and says where it asked: it needs the daemon, and not the daemon's key",
    async (args) => {
      for (const environment of [ALONE, KEYLESS]) {
        const { code, out, err } = await bouncer(args, environment);
        expect([code, out]).toEqual([1, '']);
        expect(err).toMatch(/no bouncer answers at 127\.0\.0\.1:1 .*BOUNCER_LISTEN/);
      }
    },
  );

  it('clear exits 1 where Caddy is not there', async () => {
    for (const environment of [ALONE, KEYLESS]) {
      const { code, err } = await bouncer(['clear'], { ...environment, CADDY_ADMIN: 'http://127.0.0.1:1' });
      expect([code, err]).toEqual([1, expect.stringContaining('CADDY_ADMIN')]);
    }
  });
});

describe('something else at that port', () => {
  it.each([[['status']], [['lookup', '192.0.2.1']], [['export']], [['healthcheck']]])('%j exits 1', async (args) => {
    const server = createServer((_, response) => void response.writeHead(404).end('<html>'));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const { code, out, err } = await bouncer(args, { ...ALONE, BOUNCER_LISTEN: `127.0.0.1:${port}` });
    server.close();
    expect([code, out]).toEqual([1, '']);
    expect(err.trim()).not.toBe('');
  });
});
