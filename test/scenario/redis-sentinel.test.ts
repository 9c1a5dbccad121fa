/** A Redis whose master dies: Sentinel makes another one the master, and the connection finds it. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { afterEach, describe, expect, it } from 'vitest';
import { findRedis } from '../../scripts/servers/binaries.ts';
import { freePort } from '../../scripts/servers/ports.ts';
import { RedisLink } from '../../bouncer/shared/redis/client.ts';
import { redisUrlProblem, sentinelsOf } from '../../bouncer/shared/redis/redis-url.ts';
import { fakeLog } from '../support/fake-log.ts';
import { waitFor } from '../support/wait-for.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const LONG_MS = 60_000;
const stops: (() => unknown)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop();
});

async function redis(...words: readonly string[]): Promise<ChildProcess> {
  const binary = await findRedis();
  const env = { ...process.env, ...(binary.libraryPath === undefined ? {} : { LD_LIBRARY_PATH: binary.libraryPath }) };
  const cwd = temporaryFolder('sentinel');
  const child = spawn(binary.path, words, { cwd, env, stdio: 'ignore' });
  stops.push(() => kill(child));
  return child;
}

async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.kill('SIGKILL');
  await exited;
}

const server = (port: number, ...more: readonly string[]) =>
  redis('--port', String(port), '--bind', '127.0.0.1', '--save', '', '--repl-diskless-sync-delay', '0', ...more);

async function linkTo(url: string): Promise<RedisLink> {
  const link = new RedisLink(url, fakeLog().log);
  stops.push(() => link.stop());
  link.start();
  await waitFor(() => link.isUp, { what: `a connection to ${url}`, withinMs: LONG_MS });
  return link;
}

/** A Sentinel asks the master every ten seconds who follows it: before it knows somebody, it has no one to promote. */
async function untilReplicaIsKnown(sentinelPort: number): Promise<void> {
  const sentinel = new Redis(sentinelPort, '127.0.0.1');
  stops.push(() => sentinel.disconnect());
  const replicas = async () => (await sentinel.call('SENTINEL', 'SLAVES', 'fleet')) as string[][];
  const isWell = (fields: readonly string[]) => fields[fields.indexOf('flags') + 1] === 'slave';
  await waitFor(async () => (await replicas()).some(isWell), {
    what: 'the Sentinel to know the replica',
    withinMs: LONG_MS,
  });
}

describe('REDIS_URL with Sentinels', () => {
  it('finds the master, and the new one when that dies', { timeout: 180_000 }, async () => {
    const [first, second, port] = [await freePort(), await freePort(), await freePort()];
    const master = await server(first);
    await server(second, '--replicaof', '127.0.0.1', String(first));
    const config = join(temporaryFolder('sentinel'), 'sentinel.conf');
    const lines = [
      `port ${port}`,
      'bind 127.0.0.1',
      `sentinel monitor fleet 127.0.0.1 ${first} 1`,
      'sentinel down-after-milliseconds fleet 1000',
      'sentinel failover-timeout fleet 5000',
    ];
    writeFileSync(config, `${lines.join('\n')}\n`);
    await linkTo(`redis://127.0.0.1:${first}/0`);
    await redis(config, '--sentinel');
    const link = await linkTo(`redis+sentinel://127.0.0.1:${port}/fleet/0`);
    await link.commands.set('known', 'yes');
    const replica = await linkTo(`redis://127.0.0.1:${second}/0`);
    await waitFor(async () => (await replica.commands.get('known')) === 'yes', {
      what: 'the replica to follow',
      withinMs: LONG_MS,
    });
    await untilReplicaIsKnown(port);
    await kill(master);
    await waitFor(
      async () => {
        await link.commands.set('written', 'after');
        return (await replica.commands.get('written')) === 'after';
      },
      { what: 'writes to reach the new master', withinMs: LONG_MS },
    );
    expect(await link.commands.get('known')).toBe('yes');
  });

  it.each([
    ['redis+sentinel://a,b:1/m', { sentinels: [{ host: 'a', port: 26_379 }, { host: 'b', port: 1 }], name: 'm', db: 0 }], // prettier-ignore
    ['redis+sentinel://u:p%40:x@[::1]:2/m/3', { sentinels: [{ host: '::1', port: 2 }], name: 'm', db: 3, username: 'u', password: 'p@:x' }], // prettier-ignore
    ['redis+sentinel://:p@a/m', { sentinels: [{ host: 'a', port: 26_379 }], name: 'm', db: 0, password: 'p' }],
  ])('reads %s', (url, options) => expect(sentinelsOf(url)).toEqual(options));

  it.each([
    'redis+sentinel://a',
    'redis+sentinel:///m',
    'redis+sentinel://a:x/m',
    'redis+sentinel://a,/m',
    'redis+sentinel://a/m/x',
  ])('refuses %s', (url) => expect(redisUrlProblem(url)).toMatch(/redis\+sentinel:\/\/host:port/));

  it('refuses a cluster, with the reason', () => {
    expect(redisUrlProblem('redis+cluster://a:1,b:2')).toMatch(/Cluster keeps keys apart.*single Redis/);
  });
});
