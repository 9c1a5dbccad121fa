import { type AddressInfo, createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { RedisServer } from '../../scripts/servers/redis-server.ts';
import { onCommand, publishCommand } from '../../bouncer/shared/redis/command-channel.ts';
import { RedisLink } from '../../bouncer/shared/redis/client.ts';
import { keys } from '../../bouncer/shared/redis/keys.ts';
import { readSettings, writeSettings } from '../../bouncer/shared/redis/settings-store.ts';
import { SettingsKeeper } from '../../bouncer/state/settings-keeper.ts';
import { StateDir } from '../../bouncer/state/state-dir.ts';
import { fakeLog } from '../support/fake-log.ts';
import { linkedRedis } from '../support/linked-redis.ts';
import { Workbench } from '../support/servers.ts';
import { waitFor } from '../support/wait-for.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

let workbench: Workbench;
let server: RedisServer;
let logger: ReturnType<typeof fakeLog>;
const stops: (() => unknown)[] = [];

beforeAll(async () => {
  workbench = await Workbench.open();
  server = await workbench.redis();
});
afterAll(() => workbench.stop());

beforeEach(async () => {
  logger = fakeLog();
  await server.wipe();
});
afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop();
});

async function link(url = server.url): Promise<RedisLink> {
  const redis = await linkedRedis(url, logger.log);
  stops.push(() => redis.stop());
  return redis;
}

const newFolder = () => temporaryFolder('state');

function keeperOf(redis: RedisLink, folder = newFolder()): SettingsKeeper {
  const state = new StateDir(folder, logger.log);
  return new SettingsKeeper({ state, redis, defaultPolicy: 'enforce', allowlist: [], log: logger.log });
}

/** A connection on which the first commands, or transactions, are each followed by a wipe before they are answered. */
function wipedAfterCommands(redis: RedisLink, wipes: number): RedisLink {
  let left = wipes;
  const wiped = <T extends object>(target: T): T =>
    new Proxy(target, {
      get: (_, name) => {
        const method: unknown = Reflect.get(target, name, target);
        if (typeof method !== 'function') return method;
        return (...parameters: unknown[]): unknown => {
          const reply: unknown = Reflect.apply(method, target, parameters);
          if (reply === target) return wiped(target); // one more command of a transaction
          if (name === 'multi') return wiped(reply as object);
          return Promise.resolve(reply).then(async (value) => {
            if (left-- > 0) await server.wipe();
            return value;
          });
        };
      },
    });
  return { isUp: true, on: () => undefined, commands: wiped(redis.commands) } as unknown as RedisLink;
}

describe('a Redis that takes no connection from us', () => {
  const warnings = () => logger.lines.filter(({ level }) => level === 'warn').map(({ reason }) => reason);

  it('is quoted: the broken pipe that follows says nothing, also when it is all that is heard later', async () => {
    let isTalking = true;
    const denying = createServer((socket) => {
      socket.on('error', () => undefined);
      if (isTalking) socket.write(`-DENIED Redis is running in protected mode because ${'x'.repeat(300)}. In this\r\n`);
      setTimeout(() => socket.resetAndDestroy(), 20);
    });
    await new Promise<void>((resolve) => void denying.listen(0, '127.0.0.1', resolve));
    stops.push(() => denying.close());
    const { port } = denying.address() as AddressInfo;
    const redis = new RedisLink(`redis://127.0.0.1:${port}/0`, logger.log);
    stops.push(() => redis.stop());
    redis.start();
    const denied = /^it refuses the connection: DENIED Redis is running in protected mode because x+$/;
    await waitFor(() => denied.test(redis.error ?? ''), { what: 'its words to be heard' });
    isTalking = false;
    const { length } = warnings();
    await sleep(1_000);
    expect(redis.error).toMatch(denied);
    expect(warnings()).toHaveLength(length);
    denying.close();
    await waitFor(() => redis.error?.includes('ECONNREFUSED'), { what: 'another reason to be told' });
  });

  it('because of all the others is quoted as well, by a real one, and used as soon as there is room', async () => {
    const full = await workbench.redis();
    const first = await link(full.url);
    await first.commands.config('SET', 'maxclients', 2);
    const second = new RedisLink(full.url, logger.log);
    stops.push(() => second.stop());
    second.start();
    await waitFor(() => second.error?.includes('max number of clients reached'), { what: 'its words to be heard' });
    await first.commands.config('SET', 'maxclients', 100);
    await waitFor(() => second.isUp, { what: 'the second to be let in' });
  });
});

describe('settings in Redis', () => {
  it('are followed', async () => {
    const redis = await link();
    const settings = keeperOf(redis);
    const change = await writeSettings(redis, { enabled: false, policy: 'monitor' });
    await settings.look();
    expect(settings.current).toEqual({ enabled: false, policy: 'monitor', change });
  });

  it('that were never set are the defaults, and are not written as such', async () => {
    const redis = await link();
    await keeperOf(redis).look();
    expect(await readSettings(redis)).toEqual({ isFresh: false });
  });

  it('that a wipe took come back, with the allowlist: a wipe switches nothing on or off', async () => {
    const redis = await link();
    const settings = keeperOf(redis);
    await writeSettings(redis, { enabled: false });
    await redis.commands.hset(keys.allowlist, '192.0.2.7', '{"reason":"me"}');
    await settings.look();
    await server.wipe();
    await settings.look();
    expect(settings.current.enabled).toBe(false);
    expect(settings.allowlist).toEqual(['192.0.2.7']);
    expect(await readSettings(redis)).toMatchObject({ enabled: false, isFresh: false });
    expect(await redis.commands.hgetall(keys.allowlist)).toEqual({ '192.0.2.7': '{"reason":"me"}' });
  });

  it.each([1, 2, 3, 4])('come back although Redis is wiped after each of %i commands', async (wipes) => {
    const redis = await link();
    const folder = newFolder();
    await writeSettings(redis, { enabled: false });
    await redis.commands.hset(keys.allowlist, '192.0.2.7', '{"reason":"me"}');
    await keeperOf(redis, folder).look();
    const settings = keeperOf(wipedAfterCommands(redis, wipes), folder);
    for (let i = 0; i < 6; i++) {
      await settings.look();
      expect([settings.current.enabled, settings.allowlist]).toEqual([false, ['192.0.2.7']]);
    }
    expect(keeperOf(redis, folder).allowlist).toEqual(['192.0.2.7']);
    expect(await redis.commands.hgetall(keys.allowlist)).toEqual({ '192.0.2.7': '{"reason":"me"}' });
    expect(await readSettings(redis)).toMatchObject({ enabled: false, isFresh: false });
  });

  it('that somebody wrote after the wipe are not overwritten by what was known before', async () => {
    const redis = await link();
    const settings = keeperOf(redis);
    await writeSettings(redis, { enabled: false, policy: 'monitor' });
    await settings.look();
    await server.wipe();
    await writeSettings(redis, { enabled: true });
    await settings.look();
    await settings.look();
    expect(settings.current).toMatchObject({ enabled: true, policy: 'monitor' });
    expect(await readSettings(redis)).toMatchObject({ enabled: true, policy: 'monitor' });
  });

  it('are known after a restart without Redis', async () => {
    const folder = newFolder();
    const redis = await link();
    const settings = keeperOf(redis, folder);
    await writeSettings(redis, { enabled: false });
    await settings.look();
    const gone = new RedisLink('redis://127.0.0.1:1', logger.log);
    expect(keeperOf(gone, folder).current.enabled).toBe(false);
  });

  it.each([
    ['enabled', '1'],
    ['enabled', 'True'],
    ['enabled', ''],
    ['policy', 'block'],
  ])('that are nonsense (%s = "%s") switch nothing: the last known ones stay', async (field, value) => {
    const redis = await link();
    const settings = keeperOf(redis);
    await writeSettings(redis, { enabled: true, policy: 'enforce' });
    await settings.look();
    await redis.commands.hset(keys.settings, field, value);
    for (let i = 0; i < 3; i++) await settings.look();
    expect(settings.current).toMatchObject({ enabled: true, policy: 'enforce' });
    expect(logger.warnings()).toEqual([expect.stringContaining('keeping the last known ones')]);
  });

  it('are kept while Redis is new and takes no writes, and the warning says what it refuses', async () => {
    const redis = await link();
    const settings = keeperOf(redis);
    await writeSettings(redis, { enabled: false });
    await settings.look();
    await server.wipe();
    await server.command('CONFIG', 'SET', 'maxmemory', '1');
    try {
      for (let i = 0; i < 3; i++) await settings.look();
      expect(settings.current.enabled).toBe(false);
      const warnings = logger.lines.filter(({ level }) => level === 'warn');
      expect(warnings).toMatchObject([{ reason: expect.stringContaining('maxmemory') as string }]);
    } finally {
      await server.command('CONFIG', 'SET', 'maxmemory', '0');
    }
  });

  it('are told as changed only when they are', async () => {
    const redis = await link();
    const settings = keeperOf(redis);
    let changes = 0;
    settings.on('change', () => changes++);
    await settings.look();
    await writeSettings(redis, { enabled: true });
    for (let i = 0; i < 3; i++) await settings.look();
    expect(changes).toBe(1);
  });
});

describe('data of a newer version', () => {
  it('is refused with what to do, and nothing is written over it', async () => {
    await server.command('SET', keys.schema, '2');
    const redis = new RedisLink(server.url, logger.log);
    stops.push(() => redis.stop());
    redis.start();
    const reason = await waitFor(() => (redis.error?.includes('schema') ? redis.error : undefined), {
      what: 'a refusal',
    });
    expect(reason).toMatch(/schema 2.*upgrade.*REDIS_URL/);
    expect(redis.isUp).toBe(false);
    expect(() => redis.commands).toThrow(/schema 2/);
    expect(await server.command('GET', keys.schema)).toBe('$1');
  });
});

describe('a connection', () => {
  it('hears commands, also when Redis starts later than we do, and passes over noise', async () => {
    const late = await workbench.redis();
    const { url } = late;
    const port = Number(new URL(url).port);
    await late.stop();
    const redis = new RedisLink(url, logger.log);
    stops.push(() => redis.stop());
    const heard: string[] = [];
    redis.start();
    const hearing = onCommand(redis, ({ kind }) => heard.push(kind));
    hearing.catch(() => undefined);
    expect(redis.isUp).toBe(false);
    await workbench.redis({ port });
    await waitFor(() => redis.isUp, { what: 'the connection' });
    await waitFor(
      async () => {
        await redis.commands.publish(keys.commands, 'noise');
        await publishCommand(redis, { kind: 'refresh' });
        return heard.includes('refresh');
      },
      { what: 'a command to be heard' },
    );
    expect(new Set(heard)).toEqual(new Set(['refresh']));
  });

  it('that we stop ourselves is no warning', async () => {
    const redis = await link();
    redis.stop();
    await link(); // which takes longer than a connection needs to close
    expect(logger.warnings()).toEqual([]);
  });

  it('that is lost fails commands at once, and tells when it is back', async () => {
    const own = await workbench.redis();
    const port = Number(new URL(own.url).port);
    const redis = await link(own.url);
    await own.stop();
    await waitFor(() => !redis.isUp, { what: 'the loss' });
    expect(() => redis.commands).toThrow('Redis is not available');
    const back = new Promise<void>((resolve) => redis.once('up', resolve));
    await workbench.redis({ port });
    await back;
  });
});
