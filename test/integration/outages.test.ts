/** Each part goes away, comes back, or forgets everything, while a real Caddy is asked whether bans still hold. */
import { rm } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it, onTestFinished } from 'vitest';
import { freePort } from '../../scripts/servers/ports.ts';
import { siteWith } from '../support/site.ts';
import { CADDY_VERSIONS } from '../support/servers.ts';
import { startStack, type Stack, type StackOptions } from '../support/stack.ts';
import { waitFor } from '../support/wait-for.ts';

const BANNED = '127.5.0.1';
const FREE = '127.5.0.2';
/** A LAPI that was gone is asked again at growing intervals, and a machine may be slow. */
const LAPI_BACK_MS = 40_000;

describe.each(CADDY_VERSIONS)('with Caddy %s', (caddy) => {
  let stack: Stack | undefined;

  afterEach(() => stack?.stop());

  /** A stack that enforces one ban. */
  async function enforcing(options: Partial<StackOptions> = {}): Promise<Stack> {
    stack = await startStack({ caddy, banned: [BANNED], ...options });
    await holds(stack);
    return stack;
  }

  it('puts the rules back after the user reloads Caddy, and keeps what the user changed', async () => {
    const stack = await enforcing();
    const changed = siteWith(stack.site, `header X-Changed yes\nreverse_proxy ${stack.site.upstream.url}`);
    const { drifts } = await caddyRow(stack);
    await stack.caddy.reload(changed);
    await waitFor(
      async () => {
        const row = await caddyRow(stack);
        return row.drifts > drifts && row.state === 'in_sync';
      },
      { what: 'the rules to be put back: until then the servers from before the reload may answer' },
    );
    await stack.untilBlocked(BANNED);
    const answer = await stack.requestFrom(FREE);
    expect(answer).toMatchObject({ status: 200 });
    expect(answer.headers['x-changed']).toBe('yes');
  });

  it('keeps blocking while LAPI restarts, and hears new bans afterwards', { timeout: 120_000 }, async () => {
    const stack = await enforcing();
    await stack.crowdsec.stop();
    await stateIs(stack, 'stale');
    await holds(stack);
    await stack.crowdsec.start();
    await stateIs(stack, 'enforcing', LAPI_BACK_MS);
    await stack.ban('127.5.0.3');
    await stack.untilBlocked('127.5.0.3');
    await holds(stack);
  });

  it('lifts what a wiped LAPI no longer knows, after asking it twice', { timeout: 120_000 }, async () => {
    const stack = await enforcing({ bouncer: { CROWDSEC_RESYNC_INTERVAL: '2s' } });
    await stack.crowdsec.wipeDatabase();
    await stack.untilServed(BANNED, LAPI_BACK_MS);
    expect(stack.bouncer.logs(200)).toContain('asking again before any of them is lifted');
  });

  it('keeps blocking while Redis is gone, through a restart of Redis, and reports to it again', async () => {
    const stack = await enforcing({ persistentRedis: true });
    await stack.redis.stop();
    await stack.ban('127.5.0.4');
    await stack.untilBlocked('127.5.0.4');
    await holds(stack);
    await stack.redis.start();
    await waitFor(async () => (await ready(stack)).redis.state === 'up', { what: 'the bouncer to find Redis again' });
    await holds(stack);
  });

  it('gives a wiped Redis back what it lost, and never takes that for "switched on"', async () => {
    const stack = await enforcing({ controlApi: true });
    await stack.controlApi.request('PUT', '/enabled', { enabled: false });
    await stack.untilServed(BANNED);
    await stack.redis.wipe();
    await waitFor(async () => (await stack.controlApi.request('GET', '/status')).body.includes('"enabled":false'), {
      what: 'the settings to be back in Redis',
    });
    expect(await stack.requestFrom(BANNED)).toMatchObject({ status: 200 });
  });

  it('puts the rules into a Caddy that restarted', async () => {
    const stack = await enforcing();
    await stack.caddy.restart();
    await stack.untilBlocked(BANNED);
    expect(await stack.requestFrom(FREE)).toMatchObject({ status: 200 });
  });

  it('goes on blocking while the bouncer itself is down, and lifts nothing when it stops', async () => {
    const stack = await enforcing();
    await stack.bouncer.stop();
    await holds(stack);
  });

  it('restores the last set when it restarts while LAPI is down, even into a Caddy that knows nothing', async () => {
    const stack = await enforcing();
    await stack.bouncer.stop();
    await stack.crowdsec.stop();
    await stack.caddy.restart();
    expect(await stack.requestFrom(BANNED)).toMatchObject({ status: 200 });
    await stack.bouncer.start('alive');
    await stack.untilBlocked(BANNED);
    expect(await stack.requestFrom(FREE)).toMatchObject({ status: 200 });
    await stateIs(stack, 'stale'); // the snapshot may be enforced before LAPI is found gone
  });

  it('does not lift what Caddy holds when it starts without a snapshot and without LAPI', async () => {
    const stack = await enforcing();
    await stack.bouncer.kill('SIGKILL');
    await stack.crowdsec.stop();
    await stack.redis.wipe();
    await rm(stack.bouncer.spec.env?.['STATE_DIR'] ?? '', { recursive: true });
    await stack.bouncer.start('alive');
    await waitFor(async () => (await ready(stack)).lapi.state === 'down', { what: 'the bouncer to find LAPI gone' });
    await sleep(1_500); // longer than the look for drift: nothing may happen in it
    await holds(stack);
  });

  it('is switched off and on through the control API, and Caddy follows', async () => {
    const stack = await enforcing({ controlApi: true });
    const off = await stack.controlApi.request('PUT', '/enabled', { enabled: false });
    expect(JSON.parse(off.body)).toMatchObject({ enabled: false, confirmed: true });
    expect(await stack.requestFrom(BANNED)).toMatchObject({ status: 200 });
    const on = await stack.controlApi.request('PUT', '/enabled', { enabled: true });
    expect(JSON.parse(on.body)).toMatchObject({ enabled: true, confirmed: true });
    await holds(stack);
  });

  it('stays switched off over a restart of everything', async () => {
    const stack = await enforcing({ controlApi: true, persistentRedis: true });
    await stack.controlApi.request('PUT', '/enabled', { enabled: false });
    for (const part of [stack.redis, stack.caddy, stack.crowdsec]) await part.restart();
    await stack.bouncer.restart('alive');
    await stateIs(stack, 'off');
    expect(await stack.requestFrom(BANNED)).toMatchObject({ status: 200 });
  });

  it('works alone, without Redis', async () => {
    const stack = await enforcing({ bouncer: { REDIS_URL: 'none' } });
    expect((await ready(stack)).redis.state).toBe('none');
    await stack.crowdsec.stop();
    await stack.bouncer.restart('alive');
    await holds(stack);
  });
});

/** An older one does not tell that it loaded a config, and is read as a whole once a minute. */
it('protects a server that somebody adds through the admin API within seconds, on the newest Caddy', async () => {
  const stack = await startStack({ caddy: 'newest', banned: [BANNED] });
  onTestFinished(() => stack.stop());
  const route = { handle: [{ handler: 'static_response', body: 'added' }] };
  const added = { listen: [`127.0.0.1:${await freePort()}`], routes: [route] };
  const before = (await caddyRow(stack)).drifts;
  expect(await stack.caddy.adminCall('PUT', '/config/apps/http/servers/added', added)).toMatchObject({ status: 200 });
  await waitFor(
    async () => {
      const server = await stack.caddy.config('apps/http/servers/added');
      expect(JSON.stringify(server)).toMatch(/^.*"@id":"crowdsec_.*"added"/);
      return true;
    },
    { what: 'the new server to have our rules' },
  );
  expect((await caddyRow(stack)).drifts).toBe(before);
});

async function holds(stack: Stack): Promise<void> {
  expect(await stack.requestFrom(BANNED)).toMatchObject({ status: 403 });
  expect(await stack.requestFrom(FREE)).toMatchObject({ status: 200 });
}

interface Ready {
  readonly state: string;
  readonly redis: { readonly state: string };
  readonly lapi: { readonly state: string };
  readonly caddies: readonly CaddyRow[];
}

interface CaddyRow {
  readonly state: string;
  readonly drifts: number;
}

async function ready(stack: Stack): Promise<Ready> {
  return JSON.parse((await stack.bouncer.get('/readyz')).body) as Ready;
}

async function caddyRow(stack: Stack): Promise<CaddyRow> {
  const [row] = (await ready(stack)).caddies;
  if (row === undefined) throw new Error('the bouncer tells of no Caddy');
  return row;
}

async function stateIs(stack: Stack, state: string, withinMs?: number): Promise<void> {
  await waitFor(
    async () => {
      const current = await ready(stack);
      if (current.state !== state) throw new Error(JSON.stringify(current));
      return true;
    },
    { what: `the bouncer to be ${state}`, ...(withinMs === undefined ? {} : { withinMs }) },
  );
}
