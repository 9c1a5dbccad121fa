/**
 * The commands of the documentation, typed into a shell: `cscli`, `caddy`, `node` and `curl` are the real ones, on a
 * real stack. `docker compose exec SERVICE …` is what the service would run, since there is no engine here; the commands
 * of the services know the settings of this stack (deploy-systemd.test.ts tries them with their own).
 */
import { chmod, copyFile, mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { projectRoot } from '../../scripts/servers/project-root.ts';
import { run } from '../../scripts/servers/run.ts';
import { API_PREFIX } from '../../scripts/servers/sidecar.ts';
import type { Internet } from '../support/internet/internet.ts';
import { commandsOf, pages } from '../support/markdown.ts';
import { caddyBinary } from '../support/servers.ts';
import { startStack, type Stack } from '../support/stack.ts';
import { waitFor } from '../support/wait-for.ts';
import { settingsBeside, startInternet, withCentralApi } from './control-api-crowdsec.ts';
import { startApi } from './control-api-under-test.ts';

/** What is not typed here, and why. Every line must be needed. */
const NOT_HERE: readonly (readonly [RegExp, string])[] = [
  [
    /^docker compose (up|ps|logs|build|pull|stop|start|run|kill)\b/,
    'needs an engine; flags: deploy-docs.test.ts, files: deploy-compose.test.ts',
  ],
  [/^docker (run|buildx)\b/, 'needs an engine, or a registry'],
  [/^docker compose exec crowdsec tail\b/, 'a path of the container; deploy-compose.test.ts checks the volume'],
  [/cscli metrics$/, 'the CrowdSec of the tests measures nothing; its help: deploy-docs.test.ts'],
  [/^grep (CROWDSEC_ENROLLMENT|HEARTBEAT_POLLER)$/, 'what it looks for is asked of the code below'],
  [/^npm (ci|start|test|run build)$/, 'how this test came to run; npm start: start.test.ts'],
  [/main\.js run$/, 'how the bouncer of every stack is started'],
  [/^\.\/make-secrets\.sh$/, 'deploy-scripts.test.ts runs it'],
  [/^sudo \.\/deploy\/systemd\/(un)?install\.sh/, 'deploy-systemd.test.ts runs it, into a folder'],
  [/^(sudo )?(systemctl|journalctl) /, 'no systemd runs here; the units: deploy-systemd.test.ts'],
  [/^git (clone|pull)\b/, 'needs a remote'],
  [/^(cd|rm) /, 'says where the reader is'],
  [/^nslookup |^curl -I https:/, 'needs the internet'],
];

const all = pages()
  .filter(({ path }) => path !== 'control-api/README.md') // docs-api.test.ts, in its own order
  .flatMap((page) => commandsOf(page));
const reasonOf = (text: string) => NOT_HERE.find(([pattern]) => pattern.test(text))?.[1];
/** Each once; what takes the rules away comes last. */
const typed = [...new Set(all.map(({ text }) => text))]
  .filter((text) => reasonOf(text) === undefined)
  .sort((one, other) => Number(one.endsWith(' clear')) - Number(other.endsWith(' clear')));

const ENROLLMENT_KEY = 'abcdefghijklmnop';

let stack: Stack;
let internet: Internet;
let home: string;
let bin: string;
let places: readonly (readonly [string, string])[];

beforeAll(async () => {
  stack = await startStack({ caddy: 'newest', banned: ['203.0.113.9'] });
  const { workbench, crowdsec, caddy } = stack;
  internet = await startInternet(workbench, crowdsec);
  internet.capi.keys.add(ENROLLMENT_KEY);
  await withCentralApi(crowdsec);
  for (const name of ['caddy-bouncer', 'caddy_sidecar']) await crowdsec.addBouncer(name);
  const settings = {
    ...(await settingsBeside(stack)),
    HTTPS_PROXY: internet.proxyUrl,
    SSL_CERT_FILE: internet.caFile,
    STATE_DIR: workbench.path('control-api'),
  };
  // Without a token of its own, as beside a Caddy: reading needs none, and the pages show both.
  const api = await startApi(workbench, { ...settings, CONTROL_API_TOKEN: '' });
  const token = await readFile(join(settings.STATE_DIR, 'control-api-token'), 'utf8');
  await waitFor(async () => (await api.get('/status')).status === 200, { what: 'the API to reach Redis' });
  await fetch(`${api.url}${API_PREFIX}/console/enroll`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token.trim()}`, 'content-type': 'application/json' },
    body: JSON.stringify({ enrollment_key: ENROLLMENT_KEY }),
  });
  home = workbench.path('home');
  bin = workbench.path('bin');
  await Promise.all([mkdir(join(home, 'secrets'), { recursive: true }), mkdir(bin)]);
  const caddyfile = join(home, 'Caddyfile'); // `caddy reload` knows the format by the name
  await copyFile(caddy.spec.args[caddy.spec.args.indexOf('--config') + 1] ?? '', caddyfile);
  places = [
    ['http://localhost:8080', api.url],
    ['/etc/caddy/Caddyfile', caddyfile],
    ['/custom/path', crowdsec.folders.root],
    ['/nodejs/bin/node', 'node'],
  ];
  await writeFile(join(home, 'secrets', 'control_api_token'), token, { mode: 0o600 });
  await writeFile(join(home, '.curlrc'), 'silent\nshow-error\nfail-with-body\n');
  for (const name of ['dist', 'scripts', 'node_modules']) await symlink(join(projectRoot, name), join(home, name));
  await crowdsec.writeCscliScript(join(bin, 'cscli'));
  await symlink((await caddyBinary('newest')).path, join(bin, 'caddy'));
  await symlink(process.execPath, join(bin, 'node'));
  const variables = (env: object) => Object.entries(env).map(([name, value]) => `${name}='${String(value)}'`);
  await writeFile(
    join(bin, 'docker'),
    [
      '#!/bin/sh',
      '[ "$1 $2" = "compose exec" ] || { echo "there is no engine here" >&2; exit 9; }',
      'shift 2; service=$1; shift',
      'case $service in',
      'bouncer | crowdsec | caddy) exec "$@" ;;',
      `control-api) exec env -u BOUNCER_TOKEN ${variables(settings).join(' ')} "$@" ;;`,
      '*) echo "no such service: $service" >&2; exit 9 ;;',
      'esac',
    ].join('\n'),
  );
  await writeFile(join(bin, 'sudo'), '#!/bin/sh\nexec "$@"\n');
  for (const [daemon, own] of [
    ['bouncer', ''],
    ['control-api', `env -u BOUNCER_TOKEN ${variables(settings).join(' ')} `],
  ] as const)
    await writeFile(join(bin, `caddy-crowdsec-${daemon}`), `#!/bin/sh\nexec ${own}node dist/${daemon}/main.js "$@"\n`);
  for (const name of ['docker', 'sudo', 'caddy-crowdsec-bouncer', 'caddy-crowdsec-control-api'])
    await chmod(join(bin, name), 0o755);
});

afterAll(() => stack.stop());

/** In the environment of the bouncer, as on the machine that it runs on. */
async function type(text: string) {
  const line = places.reduce((done, [from, to]) => done.replaceAll(from, to), text);
  const env = { ...stack.bouncer.spec.env, PATH: `${bin}:/usr/bin:/bin`, HOME: home, CURL_HOME: home };
  return run('bash', ['-euc', line], { cwd: home, env, timeoutMs: 120_000 });
}

describe('the documentation', () => {
  it('has commands, and reasons only for those that need one', () => {
    expect(typed.length).toBeGreaterThan(15);
    for (const [pattern, reason] of NOT_HERE)
      expect(
        all.some(({ text }) => pattern.test(text)),
        `${String(pattern)}: ${reason}`,
      ).toBe(true);
  });

  it.each(typed)('%s', async (text) => {
    const { code, stdout, stderr } = await type(text);
    // A diagnosis of this stack finds things to mend: its CrowdSec has no agent, for one.
    const isDiagnosis = text.includes('diagnose');
    expect(isDiagnosis ? [0, 1] : [0], `${stdout}\n${stderr}`).toContain(code);
    if (isDiagnosis) expect(stdout).toMatch(/LAPI|"lapi"/);
  });

  it('names log lines that the programs write', async () => {
    const { stdout } = await run('grep', ['-rhoE', '\\[(CROWDSEC_ENROLLMENT|HEARTBEAT_POLLER)\\]', 'control-api'], {
      cwd: projectRoot,
    });
    expect(new Set(stdout.trim().split('\n'))).toEqual(new Set(['[CROWDSEC_ENROLLMENT]', '[HEARTBEAT_POLLER]']));
  });
});
