/** The systemd units, installed into a folder that stands for `/`, and taken away again. */
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bouncerOptions } from '../../bouncer/config.ts';
import { OPTIONS as controlApiOptions } from '../../control-api/options.ts';
import { projectRoot } from '../../scripts/servers/project-root.ts';
import { requireBuild } from '../support/built.ts';
import { Workbench } from '../support/servers.ts';

const UNITS = ['caddy-crowdsec-bouncer', 'caddy-crowdsec-control-api'] as const;
const PREFIX = '/opt/caddy-crowdsec-sidecar';
const ETC = '/etc/caddy-crowdsec-sidecar';
const at = (...path: string[]) => join(projectRoot, 'deploy', 'systemd', ...path);

let bench: Workbench;
let root: string;
const script = (name: string, ...args: string[]) =>
  execFileSync(at(name), args, { env: { ...process.env, DESTDIR: root, NODE: process.execPath }, encoding: 'utf8' });
const read = (path: string) => readFileSync(join(root, path), 'utf8');
const mode = (path: string) => (statSync(join(root, path)).mode & 0o777).toString(8);
const files = () =>
  readdirSync(root, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(root.length))
    .sort();

beforeAll(async () => {
  requireBuild();
  bench = await Workbench.open();
  root = bench.path('root');
  mkdirSync(join(root, 'etc', 'systemd', 'system'), { recursive: true });
  writeFileSync(join(root, 'etc', 'systemd', 'system', 'somebody-else.service'), '');
  script('install.sh');
});
afterAll(() => bench.stop());

describe('install.sh', () => {
  it.each(['bouncer', 'control-api'])('puts a %s that runs with what was installed alone', (daemon) => {
    const program = join(root, PREFIX, 'dist', daemon, 'main.js');
    expect(execFileSync(process.execPath, [program, '--version'], { encoding: 'utf8' })).toMatch(/^\d+\.\d+\.\d+/);
    expect(existsSync(join(root, PREFIX, 'node_modules', 'vitest'))).toBe(false);
  });

  it('makes tokens that only root can read, and keeps them', () => {
    const token = read(`${ETC}/secrets/bouncer-token`);
    expect(token).toMatch(/^[0-9a-f]{64}$/);
    expect([mode(`${ETC}/secrets`), mode(`${ETC}/secrets/bouncer-token`)]).toEqual(['700', '600']);
    writeFileSync(join(root, ETC, 'bouncer.env'), 'BAN_ACTION=451\n');
    const said = script('install.sh');
    expect(read(`${ETC}/secrets/bouncer-token`)).toBe(token);
    expect(read(`${ETC}/bouncer.env`)).toBe('BAN_ACTION=451\n');
    expect(said).toContain(`${ETC}/secrets/bouncer-key`);
    expect(said).not.toContain(token);
  });

  it('puts commands that know the settings and secrets of their service', () => {
    writeFileSync(join(root, ETC, 'secrets', 'bouncer-key'), 'k'.repeat(64));
    const typed = (name: string, ...args: string[]) => {
      const text = read(`/usr/local/bin/${name}`)
        .replaceAll('/etc/', `${root}/etc/`)
        .replaceAll('/opt/', `${root}/opt/`);
      const path = bench.path(name);
      writeFileSync(path, text, { mode: 0o755 });
      return execFileSync(path, args, { env: { PATH: process.env['PATH'] }, encoding: 'utf8' });
    };
    const bouncer = typed('caddy-crowdsec-bouncer', 'check-config');
    expect(bouncer).toMatch(/^BAN_ACTION = 451 {2}\(environment\)$/m);
    for (const secret of ['CROWDSEC_BOUNCER_KEY', 'BOUNCER_TOKEN'])
      expect(bouncer).toMatch(new RegExp(`^${secret} = \\[secret\\]`, 'm'));
    expect(bouncer).toMatch(/^STATE_DIR = \/var\/lib\/caddy-crowdsec-bouncer /m);
    // Without its settings it would want the port that LAPI has, and say so.
    expect(typed('caddy-crowdsec-control-api', 'check-config')).toBe('the configuration is fine\n');
    rmSync(join(root, ETC, 'secrets', 'bouncer-key'));
  });

  it('offers settings that exist', () => {
    for (const [name, table] of [
      ['bouncer', bouncerOptions],
      ['control-api', controlApiOptions],
    ] as const) {
      const names = [...readFileSync(at(`${name}.env`), 'utf8').matchAll(/^#?([A-Z][A-Z_]+)=/gm)].map(
        ([, n = '']) => n,
      );
      expect(names.length).toBeGreaterThan(3);
      expect(Object.keys(table)).toEqual(expect.arrayContaining(names));
    }
  });

  it('has units without a secret in them, which hand secrets over as credentials', () => {
    for (const unit of UNITS) {
      const text = read(`/etc/systemd/system/${unit}.service`);
      expect(text).not.toMatch(/@(NODE|PREFIX)@/);
      const loaded = [...text.matchAll(/^LoadCredential=([\w-]+):(\S+)/gm)];
      expect(loaded.length).toBeGreaterThan(1);
      for (const [, name, path] of loaded) {
        expect(path).toBe(`${ETC}/secrets/${name ?? ''}`);
        expect(text).toContain(`_FILE=%d/${name ?? ''}`);
      }
    }
  });
});

it('gives the bouncer a user without a way in', () => {
  expect(read('/etc/systemd/system/caddy-crowdsec-bouncer.service')).toMatch(/^User=caddy-crowdsec$/m);
  const made = spawnSync('/usr/bin/systemd-sysusers', ['--root', root, 'caddy-crowdsec.conf'], { encoding: 'utf8' });
  expect(made.status, made.stderr).toBe(0);
  expect(read('/etc/passwd')).toMatch(/^caddy-crowdsec:[^:]*:\d+:\d+:.*:\/:\/usr\/sbin\/nologin$/m);
  for (const name of [
    'passwd',
    'passwd-',
    'group',
    'group-',
    'shadow',
    'gshadow',
    'shadow-',
    'gshadow-',
    '.pwd.lock',
  ]) {
    rmSync(join(root, 'etc', name), { force: true });
  }
});

describe('systemd-analyze', () => {
  /** `npm test` installs it. */
  const analyze = '/usr/bin/systemd-analyze';
  const unitFiles = () => UNITS.map((unit) => join(root, 'etc', 'systemd', 'system', `${unit}.service`));

  it('finds nothing wrong with the units', () => {
    const result = spawnSync(analyze, ['verify', ...unitFiles()], { encoding: 'utf8' });
    const ours = result.stderr.split('\n').filter((line) => line.includes('caddy-crowdsec'));
    expect(ours).toEqual([]);
    expect(result.status).toBe(0);
  });

  it('scores both below 2 of 10, where 10 is unprotected', () => {
    const result = spawnSync(analyze, ['security', '--offline=true', ...unitFiles()], { encoding: 'utf8' });
    const scores = [...result.stdout.matchAll(/exposure level for (\S+): ([\d.]+)/g)];
    for (const [, unit, score] of scores) process.stderr.write(`${unit ?? ''}: ${score ?? ''}\n`);
    expect(scores).toHaveLength(UNITS.length);
    for (const [, unit, score] of scores) expect(Number(score), unit).toBeLessThan(2);
  });
});

describe('uninstall.sh', () => {
  it('takes away what install.sh put, keeps what people wrote, and the rest of the machine', () => {
    script('uninstall.sh');
    expect(files().filter((path) => !path.startsWith(ETC))).toEqual(['/etc/systemd/system/somebody-else.service']);
    expect(read(`${ETC}/bouncer.env`)).toBe('BAN_ACTION=451\n');
  });

  it('with --purge takes settings and secrets as well', () => {
    script('install.sh');
    script('uninstall.sh', '--purge');
    expect(files()).toEqual(['/etc/systemd/system/somebody-else.service']);
  });

  it('refuses where nothing of ours is, and what it does not know', () => {
    expect(() => script('uninstall.sh')).toThrow(/nothing of ours/);
    expect(() => script('uninstall.sh', '--force')).toThrow(/only option/);
  });
});
