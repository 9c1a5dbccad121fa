/**
 * Least privilege: both daemons as `nobody`, without a capability, on a system of which they may write two folders. The
 * systemd units ask for the same; `deploy-systemd` has their figure of `systemd-analyze security`.
 */
import { chownSync, copyFileSync, mkdirSync, readdirSync, readFileSync, readlinkSync, statSync } from 'node:fs';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Child } from '../../scripts/servers/child.ts';
import { call } from '../../scripts/servers/http.ts';
import { freePort } from '../../scripts/servers/ports.ts';
import { projectRoot } from '../../scripts/servers/project-root.ts';
import { requireBuild } from '../support/built.ts';
import { Workbench } from '../support/servers.ts';
import { openSite, plainProxy, requestAs, type Site } from '../support/site.ts';
import { startUpstream } from '../support/upstream.ts';
import { waitFor } from '../support/wait-for.ts';

const NOBODY = 65_534;
const TOKEN = 'a-token-of-the-bouncer-0123456789';

/** The loosest mask there is: what a file may be read by is the program's own doing. */
const UMASK = '000';

/**
 * A mount namespace in which all but `writable` is read-only, and in it `program` as nobody. `/dev`, `/proc` and `/sys`
 * stay as they are: what they let nobody write is the kernel's affair.
 */
function confined(writable: readonly string[], program: readonly string[]): readonly string[] {
  const steps = [
    'set -e',
    'mount --make-rprivate /',
    // Whatever is mounted besides, such as the small disk of a test that runs at the same time, and may be gone at once.
    String.raw`others=$(awk '{ print $5 }' /proc/self/mountinfo | grep -vE '^/(proc|sys|dev)(/|$)')`,
    ...writable.map((folder) => `mount --bind '${folder}' '${folder}'`),
    'for point in $others; do mount -o remount,ro,bind "$point" || [ "$point" != / ]; done',
    `umask ${UMASK}`,
    `exec setpriv --pdeathsig TERM --reuid ${NOBODY} --regid ${NOBODY} --clear-groups --no-new-privs --bounding-set=-all --inh-caps=-all "$@"`,
  ];
  return ['unshare', '--mount', 'sh', '-c', steps.join('\n'), 'sh', ...program];
}

/** Namespaces need root, and a container may forbid them to root as well. */
function whyNot(): string | undefined {
  if (process.getuid?.() !== 0) return 'only root can start a program as somebody else';
  const [command = '', ...args] = confined(['/tmp'], ['true']);
  const tried = spawnSync(command, args, { encoding: 'utf8' });
  return tried.status === 0 ? undefined : `no namespace can be had here: ${tried.stderr.trim()}`;
}

const missing = whyNot();

it.runIf(missing !== undefined)('cannot be checked here', (context) => {
  process.stderr.write(`\nNOT CHECKED: the daemons as nobody on a read-only system (${missing ?? ''})\n`);
  context.skip();
});

describe.runIf(missing === undefined)('as nobody, on a read-only system', () => {
  let workbench: Workbench;
  let site: Site;
  let bouncer: Child;
  let controlApi: Child;
  let ban: (value: string) => Promise<unknown>;
  let apiUrl: string;

  const folder = (name: string) => {
    const path = workbench.path(name);
    mkdirSync(path);
    chownSync(path, NOBODY, NOBODY);
    return path;
  };
  let state: string;
  let lane: string;
  let apiState: string;

  beforeAll(async () => {
    requireBuild();
    workbench = await Workbench.open();
    site = await openSite('newest', workbench.also(await startUpstream()));
    const [redis, crowdsec, caddy] = await Promise.all([
      workbench.redis(),
      workbench.crowdsec(),
      workbench.caddy('newest', plainProxy(site), 0),
    ]);
    ban = (value) => crowdsec.ban(value);
    [state, lane, apiState] = [folder('bouncer-state'), folder('lane'), folder('api-state')];
    // What systemd does with LoadCredential: the one file, for this user alone.
    const key = workbench.path('bouncer-key');
    copyFileSync(await crowdsec.addBouncer('nobody'), key);
    chownSync(key, NOBODY, NOBODY);
    const port = await freePort();
    const url = `http://127.0.0.1:${port}`;
    const servers = {
      CROWDSEC_LAPI_URL: crowdsec.url,
      CADDY_ADMIN: caddy.admin,
      REDIS_URL: redis.url,
      BOUNCER_TOKEN: TOKEN,
    };
    bouncer = daemon('bouncer', ['run'], [state, lane], url, '/readyz', {
      ...servers,
      CROWDSEC_BOUNCER_KEY_FILE: key,
      CROWDSEC_POLL_INTERVAL: '1s',
      BOUNCER_LISTEN: `127.0.0.1:${port}`,
      STATE_DIR: join(state, 'made-by-it'),
      LANE_DIR: lane,
      CADDY_PROBE_URL: `http://127.0.0.1:${site.port}`,
    });
    await bouncer.start();
    const apiPort = await freePort();
    apiUrl = `http://127.0.0.1:${apiPort}`;
    controlApi = daemon('control-api', ['serve'], [apiState], apiUrl, '/healthz', {
      ...servers,
      BOUNCER_URL: url,
      CONTROL_API_LISTEN: `127.0.0.1:${apiPort}`,
      CROWDSEC_CONFIG_DIR: workbench.path('none'),
      CSCLI: 'no-such-cscli',
      STATE_DIR: join(apiState, 'made-by-it'),
    });
    await controlApi.start();
  });

  afterAll(() => workbench.stop());

  function daemon(
    name: string,
    args: readonly string[],
    writable: readonly string[],
    url: string,
    probe: string,
    env: Record<string, string>,
  ): Child {
    const program = [process.execPath, join(projectRoot, 'dist', name, 'main.js'), ...args];
    const [command = '', ...rest] = confined(writable, program);
    const ready = async () => (await call({ url: `${url}${probe}` })).status === 200;
    return workbench.also(
      new Child({ name: `the ${name} as nobody`, command, args: rest, env: { ...env, HOME: '/nonexistent' }, ready }),
    );
  }

  const statusOf = ({ pid = 0 }: Child) =>
    Object.fromEntries(
      readFileSync(`/proc/${pid}/status`, 'utf8')
        .split('\n')
        .map((line) => line.split(':\t') as [string, string]),
    );

  it('neither has another user, a group, a capability, or a way to get one', () => {
    for (const child of [bouncer, controlApi]) {
      const status = statusOf(child);
      expect(status['Uid']?.split('\t')).toEqual(Array(4).fill(String(NOBODY)));
      expect(status['Gid']?.split('\t')).toEqual(Array(4).fill(String(NOBODY)));
      expect(status['Groups']?.trim()).toBe('');
      for (const set of ['CapInh', 'CapPrm', 'CapEff', 'CapBnd', 'CapAmb'])
        expect(Number(`0x${status[set] ?? '1'}`)).toBe(0);
      expect(status['NoNewPrivs']).toBe('1');
    }
  });

  it('nothing of the disk can be written but the folders that were given', () => {
    for (const [child, folders] of [
      [bouncer, [state, lane]],
      [controlApi, [apiState]],
    ] as const) {
      const mounts = readFileSync(`/proc/${child.pid ?? 0}/mountinfo`, 'utf8')
        .trim()
        .split('\n')
        .map((line) => line.split(' '));
      const writable = mounts
        .filter(([, , , , , options = '']) => options.split(',').includes('rw'))
        .map(([, , , , point = '']) => point);
      const ofTheKernel = /^\/(proc|sys|dev)(\/|$)/;
      expect(writable.filter((point) => !ofTheKernel.test(point)).sort()).toEqual([...folders].sort());
    }
  });

  it('the bouncer enforces, by push and by the lane', { timeout: 120_000 }, async () => {
    const answered = async (address: string) => (await requestAs(address, site)).status;
    await ban('198.18.0.1');
    await waitFor(async () => (await answered('198.18.0.1')) === 403, { what: 'the ban', withinMs: 60_000 });
    await waitFor(() => readdirSync(lane, { recursive: true }).some((name) => String(name).includes('198.18.')), {
      what: 'an entry in the lane',
      withinMs: 60_000,
    });
    expect(await answered('198.18.0.2')).toBe(200);
  });

  it('the control API answers and takes its token from a file that it made', async () => {
    const token = readFileSync(join(apiState, 'made-by-it', 'control-api-token'), 'utf8').trim();
    const url = `${apiUrl}/api/v1/cerberus/crowdsec/enabled`;
    const put = (headers: Record<string, string>) =>
      call({
        url,
        method: 'PUT',
        headers: { 'content-type': 'application/json', ...headers },
        body: '{"enabled":true}',
      });
    expect((await put({})).status).toBe(401);
    await waitFor(async () => (await put({ authorization: `Bearer ${token}` })).status === 200, {
      what: 'the toggle',
      withinMs: 60_000,
    });
  });

  it('what they keep can be read by their own user alone, whatever the umask', async () => {
    await bouncer.stop(); // it writes its snapshot for the last time
    for (const root of [join(state, 'made-by-it'), join(apiState, 'made-by-it')]) {
      expect((statSync(root).mode & 0o777).toString(8)).toBe('700');
      const files = readdirSync(root, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
      expect(files.length).toBeGreaterThan(0);
      for (const file of files) {
        const { mode, uid } = statSync(join(file.parentPath, file.name));
        expect([file.name, (mode & 0o777).toString(8), uid]).toEqual([file.name, '600', NOBODY]);
      }
    }
    const kept = readdirSync(join(state, 'made-by-it'));
    expect(kept).toEqual(expect.arrayContaining(['lane-secret']));
  });

  it('the lane can be entered by Caddy, and changed by nobody else', () => {
    const folders = readdirSync(lane, { recursive: true, withFileTypes: true }).filter((entry) => entry.isDirectory());
    expect(folders.length).toBeGreaterThanOrEqual(3);
    for (const { name, parentPath } of folders) {
      expect([name, (statSync(join(parentPath, name)).mode & 0o777).toString(8)]).toEqual([name, '755']);
    }
  });

  it('neither complained, nor holds a file open that it could write elsewhere', () => {
    for (const child of [bouncer, controlApi])
      expect(child.logs(5_000)).not.toMatch(/EROFS|EACCES|EPERM|cannot be used/);
    const fds = `/proc/${controlApi.pid ?? 0}/fd`;
    const targets = readdirSync(fds).flatMap((fd) => linkOf(join(fds, fd)));
    expect(targets.length).toBeGreaterThan(3);
    for (const target of targets.filter((path) => path.startsWith('/') && !path.startsWith('/dev/'))) {
      expect([target, target.startsWith(apiState) || (statSync(target).mode & 0o002) === 0]).toEqual([target, true]);
    }
  });
});

/** One that was closed between the two looks is none. */
function linkOf(path: string): string[] {
  try {
    return [readlinkSync(path)];
  } catch {
    return [];
  }
}
