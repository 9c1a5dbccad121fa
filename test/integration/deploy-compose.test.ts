/** The compose files say what docker-compose understands, what our programs read, and what fits together. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { bouncerOptions } from '../../bouncer/config.ts';
import type { OptionTable } from '../../bouncer/shared/config/option.ts';
import { OPTIONS as controlApiOptions } from '../../control-api/options.ts';
import { projectRoot } from '../../scripts/servers/project-root.ts';
import { run } from '../../scripts/servers/run.ts';
import { requireBuild } from '../support/built.ts';
import { composeConfig, DEPLOY, type ComposeProject, type ComposeService } from '../support/compose.ts';
import { readDockerfile } from '../support/dockerfile.ts';
import { Workbench } from '../support/servers.ts';

const NEEDED = {
  TRUSTED_PROXIES: '192.0.2.0/24 2001:db8::/32',
  CADDY_UID: '110',
  CADDY_GID: '112',
  CROWDSEC_LAPI_URL: 'http://host.docker.internal:8080',
};
const VARIANTS = {
  'the whole stack': [],
  'behind a CDN': ['compose.cdn.yml'],
  'an existing Caddy': ['compose.existing-caddy.yml'],
  'an existing CrowdSec': ['compose.existing-crowdsec.yml'],
  'several Caddys': ['compose.several-caddys.yml'],
  'several Caddys behind a CDN': ['compose.several-caddys.yml', 'compose.several-caddys-cdn.yml'],
  'an existing Caddy and an existing CrowdSec': ['compose.existing-both.yml'],
  'a page that Caddy publishes': ['compose.page.yml'],
};
/** From the table of the image's own README. */
const CROWDSEC_IMAGE = /^(COLLECTIONS|AGENT_USERNAME|AGENT_PASSWORD|LOCAL_API_URL|USE_WAL|TZ|BOUNCER_KEY_\w+)$/;
const ROOTS = ['control-api', 'crowdsec', 'prepare'];
/** Whose image gives its own folder to the user that it runs as here. */
const OWN_FOLDER = ['redis'];
const SECRETS = '/run/sidecar-secrets';

let bench: Workbench;
let secrets: string;
beforeAll(async () => {
  requireBuild();
  bench = await Workbench.open();
  secrets = prepareSecrets(bench.folder);
});
afterAll(() => bench.stop());

/** What prepare.sh leaves behind, so that every path in the compose files can be looked up in it. */
function prepareSecrets(folder: string): string {
  const own = `${process.getuid?.() ?? 0}:${process.getgid?.() ?? 0}`;
  const at = (name: string) => join(folder, name);
  for (const name of ['given', 'out', 'logs', 'caddy', 'bouncer']) mkdirSync(at(name));
  for (const name of ['bouncer_key', 'control_api_token']) writeFileSync(join(at('given'), name), 'x'.repeat(64));
  const env = {
    GIVEN_SECRETS: at('given'),
    SECRETS_DIR: at('out'),
    LOGS_DIRS: at('logs'),
    CADDY_DIRS: at('caddy'),
    BOUNCER_STATE: at('bouncer'),
  };
  execFileSync('sh', [join(DEPLOY, 'prepare.sh')], {
    env: { ...process.env, ...env, SIDECAR_OWNER: own, ROOT_OWNER: own },
  });
  return at('out');
}

const files = (more: readonly string[]) => ['docker-compose.yml', ...more];
const mounted = ({ volumes = [] }: ComposeService, path: string) =>
  volumes.filter(({ target }) => path === target || path.startsWith(`${target}/`)).at(-1);
const namesOf = (table: OptionTable) =>
  Object.entries(table).flatMap(([name, { secret }]) => (secret === true ? [name, `${name}_FILE`] : [name]));

describe.each(Object.entries(VARIANTS))('%s', (_name, more) => {
  let project: ComposeProject;
  beforeAll(async () => void (project = await composeConfig(files(more), NEEDED)));
  const service = (name: string): ComposeService => project.services[name] ?? {};
  const all = () => Object.entries(project.services);

  it('gives no part more than it needs', () => {
    for (const [name, { user, read_only, cap_drop, security_opt, privileged, volumes = [] }] of all()) {
      expect(security_opt, name).toEqual(['no-new-privileges:true']);
      expect(privileged, name).toBeUndefined();
      expect(volumes.filter(({ source }) => source.includes('docker.sock'))).toEqual([]);
      if (!ROOTS.includes(name)) expect(user, name).toMatch(/^[1-9]\d*:\d+$/);
      if (name === 'crowdsec') continue; // it does not run otherwise yet
      expect(read_only, name).toBe(true);
      expect(cap_drop, name).toEqual(['ALL']);
    }
    expect(service('control-api')).toMatchObject({ user: '0:0' });
    expect(service('control-api').cap_add).toBeUndefined();
    expect(service('bouncer').cap_add).toBeUndefined();
  });

  it('publishes only the sites to other machines', () => {
    for (const [name, { ports = [] }] of all()) {
      const open = ports.filter(({ host_ip }) => host_ip !== '127.0.0.1').map(({ target }) => target);
      if (/^caddy\d?$/.test(name)) expect(open.every((port) => port === 80 || port === 443)).toBe(true);
      else expect(open, name).toEqual([]);
    }
  });

  it('sets only variables that exist', () => {
    for (const [name, { environment = {} }] of all()) {
      const names = Object.keys(environment);
      if (name === 'bouncer') expect(namesOf(bouncerOptions)).toEqual(expect.arrayContaining(names));
      if (name === 'control-api') expect(namesOf(controlApiOptions)).toEqual(expect.arrayContaining(names));
      if (name === 'crowdsec') for (const variable of names) expect(variable).toMatch(CROWDSEC_IMAGE);
      if (name.startsWith('caddy')) expect(caddyVariables()).toEqual(expect.arrayContaining(names));
    }
  });

  it.each(['bouncer', 'control-api'])('is a configuration that the %s takes', async (name) => {
    const environment = Object.fromEntries(
      Object.entries(service(name).environment ?? {}).map(([key, text]) => [key, text.replace(SECRETS, secrets)]),
    );
    const program = join(projectRoot, 'dist', name, 'main.js');
    const clean = Object.fromEntries(Object.keys(process.env).map((key) => [key, undefined]));
    const result = await run(process.execPath, [program, 'check-config'], { env: { ...clean, ...environment } });
    expect(result).toMatchObject({ code: 0 });
  });

  it('checks health with a command that exists, in exec form', () => {
    const targets = readDockerfile(join(DEPLOY, 'Dockerfile')).map(({ name }) => name);
    for (const [name, { build, healthcheck }] of all()) {
      if (name !== 'prepare') expect(healthcheck?.test[0], name).toBe('CMD');
      if (build === undefined) continue;
      expect(targets).toContain(build.target);
      expect(existsSync(join(build.context, build.dockerfile))).toBe(true);
      const [, node, program = '', command] = healthcheck?.test ?? [];
      expect(node).toBe('/nodejs/bin/node');
      expect(existsSync(join(projectRoot, program))).toBe(true);
      expect(command).toBe('healthcheck');
    }
  });

  it('mounts files that exist, and folders only where somebody else declared them', () => {
    for (const [, { volumes = [] }] of all()) {
      for (const { type, source } of volumes) {
        if (type === 'volume') expect(project.volumes).toHaveProperty(source);
        else if (source.startsWith(DEPLOY)) expect(existsSync(source), source).toBe(true);
      }
    }
  });

  it('waits only for services that it has, and reaches every one that it names', () => {
    for (const [name, { depends_on = {}, environment = {}, networks = {} }] of all()) {
      expect(Object.keys(project.services)).toEqual(expect.arrayContaining(Object.keys(depends_on)));
      for (const [variable, text] of Object.entries(environment)) {
        for (const [, host = ''] of text.matchAll(/\b(?:https?|redis):\/\/([a-z][a-z\d-]*)(?=[:/,])/g)) {
          if (host === name || host === 'host') continue;
          const shared = Object.keys(service(host).networks ?? {}).filter((network) => network in networks);
          expect(shared, `${name} ${variable} ${host}`).not.toEqual([]);
        }
      }
    }
  });

  it('lets the bouncer and Caddy see the same socket and the same lane', () => {
    const { environment = {} } = service('bouncer');
    const admins = (environment['CADDY_ADMIN'] ?? '').split(',').map((text) => text.replace('unix/', ''));
    const caddys = all().filter(([name]) => /^caddy\d?$/.test(name));
    const listen = /admin unix\/(\S+)\|0660/.exec(caddyText('Caddyfile'))?.[1] ?? '';
    expect(caddys.map(([, caddy]) => mounted(caddy, listen)?.source)).toEqual(
      caddys.length === 0 ? [] : admins.map((path) => mounted(service('bouncer'), path)?.source),
    );
    if (caddys.length === 0) return;
    const lane = environment['LANE_DIR'] ?? '';
    const volume = mounted(service('bouncer'), lane)?.source ?? '';
    expect(project.volumes[volume]?.driver_opts).toMatchObject({ type: 'tmpfs' });
    for (const [, caddy] of caddys) {
      expect(mounted(caddy, lane)).toMatchObject({ source: volume, target: lane, read_only: true });
      expect(caddy.user).toBe(service('bouncer').user);
    }
  });

  it('hands every folder that a user without root writes over to that user', () => {
    const { volumes = [], environment = {} } = service('prepare');
    const script = readFileSync(join(DEPLOY, 'prepare.sh'), 'utf8');
    const given = [...script.matchAll(/\$\{(LOGS_DIRS|CADDY_DIRS|BOUNCER_STATE):-([^}]+)\}/g)].flatMap(
      ([, name = '', usual = '']) => (environment[name] ?? usual).split(' '),
    );
    expect(volumes.map(({ target }) => target)).toEqual(expect.arrayContaining(given));
    const handedOver = volumes.filter(({ target }) => given.includes(target)).map(({ source }) => source);
    for (const [name, { user = '', volumes: own = [] }] of all()) {
      if (user.startsWith('0:') || ['crowdsec', ...OWN_FOLDER].includes(name)) continue;
      const written = own.filter(({ type, read_only }) => type === 'volume' && read_only !== true);
      for (const { source } of written) {
        const inMemory = project.volumes[source]?.driver_opts;
        if (inMemory === undefined) expect(handedOver, `${name} ${source}`).toContain(source);
        else expect(inMemory['o']).toContain(`uid=${user.split(':')[0] ?? ''}`);
      }
    }
  });

  it('tells every Caddy alike whom to believe about a client', () => {
    const caddys = all().filter(([name]) => /^caddy\d?$/.test(name));
    const told = caddys.map(([, { environment = {} }]) => environment);
    for (const environment of told) expect(environment).toEqual(told[0]);
    const isBehind = more.some((file) => file.endsWith('cdn.yml'));
    if (told[0] !== undefined) expect(told[0]).toMatchObject({ CLIENTS: isBehind ? 'cdn' : 'direct' });
  });

  it('lets visitors come by IPv6 as themselves', () => {
    for (const [name, { ports = [], networks = {} }] of all()) {
      if (ports.every(({ host_ip }) => host_ip === '127.0.0.1')) continue;
      const answering = Object.keys(networks).filter((network) => project.networks[network]?.internal !== true);
      expect(answering, name).toEqual(['web']);
      expect(project.networks['web']).toMatchObject({ enable_ipv6: true });
    }
  });

  it('has CrowdSec read the logs that its Caddys write', () => {
    const { crowdsec } = project.services;
    if (crowdsec === undefined) return;
    const written = /output file (\S+)/.exec(caddyText('Caddyfile'))?.[1] ?? '';
    const sources = (crowdsec.volumes ?? []).filter(({ target }) => target.startsWith('/etc/crowdsec/acquis.d/'));
    const read = sources.flatMap(({ source }) => {
      const { filenames, labels } = parse(readFileSync(source, 'utf8')) as {
        filenames: string[];
        labels: { type: string };
      };
      expect(labels.type).toBe('caddy');
      return filenames.map((path) => mounted(crowdsec, path)?.source);
    });
    const caddys = all().filter(([name]) => /^caddy\d?$/.test(name));
    for (const [, caddy] of caddys) expect(read).toContain(mounted(caddy, written)?.source);
  });

  it('names secrets that prepare.sh hands out', () => {
    for (const [name, { environment = {} }] of all()) {
      for (const path of Object.values(environment).filter((text) => text.startsWith(`${SECRETS}/`))) {
        expect(path).toContain(`${SECRETS}/${name}/`);
        expect(existsSync(path.replace(SECRETS, secrets)), path).toBe(true);
      }
    }
  });
});

function caddyText(...path: string[]): string {
  return readFileSync(join(DEPLOY, 'caddy', ...path), 'utf8');
}

function caddyVariables(): string[] {
  const texts = [caddyText('Caddyfile'), ...['direct', 'cdn'].map((name) => caddyText('clients', `${name}.caddyfile`))];
  return texts.flatMap((text) => [...text.matchAll(/\{\$(\w+)/g)].map(([, name = '']) => name));
}

describe('.env.example', () => {
  const lines = readFileSync(join(DEPLOY, '.env.example'), 'utf8').split('\n');
  const entries = new Map(
    lines.flatMap((line) => (/^\w+=/.test(line) ? [line.split(/=(.*)/, 2) as [string, string]] : [])),
  );
  const compose = readdirSync(DEPLOY).filter((name) => /compose.*\.yml$/.test(name));

  it('has every variable of the compose files, and no other', () => {
    const texts = compose.map((name) => readFileSync(join(DEPLOY, name), 'utf8'));
    const used = texts.flatMap((text) => [...text.matchAll(/\$\{(\w+)/g)].map(([, name = '']) => name));
    expect([...entries.keys()].sort()).toEqual([...new Set([...used, 'COMPOSE_FILE'])].sort());
  });

  it('says the defaults: copied as it is, nothing changes', async () => {
    const without = await composeConfig(files([]));
    expect(await composeConfig(files([]), {}, '--env-file', join(DEPLOY, '.env.example'))).toEqual(without);
  });

  it('names every variant, and only files that exist', () => {
    const named = lines.flatMap((line) => /^(?:# )?COMPOSE_FILE=(\S+)/.exec(line)?.[1]?.split(':') ?? []);
    expect([...new Set(named)].sort()).toEqual(compose.sort());
    for (const [path, name] of named.map((name) => [join(DEPLOY, name), name] as const)) {
      expect(existsSync(path), name).toBe(true);
      expect(dirname(path)).toBe(DEPLOY);
    }
  });
});

it.each([
  ['compose.cdn.yml', 'TRUSTED_PROXIES'],
  ['compose.existing-caddy.yml', 'CADDY_UID'],
  ['compose.existing-crowdsec.yml', 'CROWDSEC_LAPI_URL'],
  ['compose.existing-both.yml', 'CADDY_UID'],
  ['compose.existing-both.yml', 'CROWDSEC_LAPI_URL'],
])('%s without %s is refused with what to do', async (file, variable) => {
  const env = Object.fromEntries(Object.entries(NEEDED).filter(([name]) => name !== variable));
  await expect(composeConfig(files([file]), env)).rejects.toThrow(new RegExp(`${variable}.*set it in .env`));
});
