import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { freePort } from '../../scripts/servers/ports.ts';
import { projectRoot } from '../../scripts/servers/project-root.ts';
import { run } from '../../scripts/servers/run.ts';
import { ControlApiProcess } from '../../scripts/servers/sidecar.ts';
import { requireBuild } from '../support/built.ts';
import { Workbench } from '../support/servers.ts';
import { waitFor } from '../support/wait-for.ts';

let workbench: Workbench;

const TOKEN = 'a-token-for-the-tests';

const controlApi = (args: string[], env: Record<string, string> = {}) =>
  run(process.execPath, [join(projectRoot, 'dist/control-api/main.js'), ...args], { env, timeoutMs: 30_000 });

beforeAll(async () => {
  requireBuild();
  workbench = await Workbench.open();
});

afterAll(() => workbench.stop());

describe('control-api check-config', () => {
  it('exits 0 when all is fine', async () => {
    expect(await controlApi(['check-config'], { CONTROL_API_LISTEN: '127.0.0.1:8081' })).toMatchObject({ code: 0 });
  });

  it('refuses the port that CROWDSEC_LAPI_URL names, and listening off loopback without a token', async () => {
    const same = await controlApi(['check-config'], {});
    expect(same).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/^CONTROL_API_LISTEN: uses port 8080/) as string,
    });
    const open = await controlApi(['check-config', '--control-api-listen', '0.0.0.0:8081']);
    expect(open).toMatchObject({ code: 2, stderr: expect.stringMatching(/^CONTROL_API_TOKEN: is required/) as string });
  });

  it('names everything that is wrong at once, and suggests the name that was meant', async () => {
    const file = workbench.path('config.yaml');
    await writeFile(file, 'CONTROL_API_LISTN: 127.0.0.1:1\nHEARTBEAT_INTERVAL: often\n');
    const result = await controlApi(['check-config', '--config', file], {
      CONTROL_API_TOKEN: 'x',
      CONTROL_API_TOKEN_FILE: 'y',
    });
    expect(result.code).toBe(2);
    expect(result.stderr).toContain('did you mean CONTROL_API_LISTEN?');
    expect(result.stderr).toContain('HEARTBEAT_INTERVAL: file: "often" is not a duration');
    expect(result.stderr).toContain('both CONTROL_API_TOKEN and CONTROL_API_TOKEN_FILE are set');
  });

  it.each([['nonsense'], ['serve', '--nonsense']])('exits 2 on %j', async (...args) => {
    expect((await controlApi(args)).code).toBe(2);
  });
});

describe('control-api serve', () => {
  it('answers healthcheck while it runs, keeps its configuration when the new one is wrong, and stops in order', async () => {
    const redis = await workbench.redis();
    const port = await freePort();
    const file = workbench.path('serve.yaml');
    await writeFile(file, `REDIS_URL: ${redis.url}\n`);
    const env = { STATE_DIR: workbench.path('state'), CONTROL_API_TOKEN: TOKEN, CSCLI: 'no-such-cscli' };
    const program = workbench.also(new ControlApiProcess({ port, token: TOKEN, env }));
    Object.assign(program.spec, { args: [...program.spec.args, '--config', file] });
    await program.start();
    // What a process answers and what it writes come on two ways, and the second may be the later one.
    const untilWritten = (words: string) => waitFor(() => program.logs().includes(words), { what: `"${words}"` });
    await untilWritten('[CROWDSEC_STARTUP] the control API listens on');
    const healthcheck = () => controlApi(['healthcheck'], { CONTROL_API_LISTEN: `127.0.0.1:${port}` });
    expect((await healthcheck()).code).toBe(0);

    await writeFile(file, 'NONSENSE: 1\n');
    await program.kill('SIGHUP');
    await untilWritten('the new configuration is wrong; the old one stays');
    expect((await healthcheck()).code).toBe(0);

    await writeFile(file, `REDIS_URL: ${redis.url}\nHEARTBEAT_INTERVAL: 20m\n`);
    await program.kill('SIGHUP');
    await untilWritten('the configuration was read again');
    await waitFor(async () => (await program.request('GET', '/status')).status === 200, { what: 'the API to be back' });

    await program.stop();
    await untilWritten('"msg":"stopping"');
    expect((await healthcheck()).code).toBe(1);
  });

  it('says which setting to change when its port is taken, and exits 1', async () => {
    const redis = await workbench.redis();
    const port = /:(\d+)/.exec(redis.url)?.[1] ?? '';
    const result = await controlApi(['serve'], {
      CONTROL_API_LISTEN: `127.0.0.1:${port}`,
      CONTROL_API_TOKEN: TOKEN,
      STATE_DIR: workbench.path('state'),
    });
    expect(result.code).toBe(1);
    expect(result.stdout).toContain(`CONTROL_API_LISTEN 127.0.0.1:${port} is taken by another program`);
  });
});
