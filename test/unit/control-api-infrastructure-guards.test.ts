import { networkInterfaces } from 'node:os';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { Secret } from '../../bouncer/shared/runtime/secret.ts';
import { InfrastructureGuards } from '../../control-api/decisions/infrastructure-guards.ts';
import { FakeClock } from '../support/fake-clock.ts';

const NAMES: Readonly<Record<string, readonly string[]>> = {
  caddy: ['198.51.100.1', '2001:db9::1'],
  'crowdsec.example': ['198.51.100.2'],
  lapi: ['198.51.100.3'],
  bouncer: ['198.51.100.4'],
  redis: ['198.51.100.5'],
  sentinel: ['198.51.100.6'],
};

/** DNS as these tests know it; an address is its own, as the system's resolver has it. */
function resolve(host: string): Promise<readonly string[]> {
  const isAddress = host.includes(':') || /^[\d.]+$/.test(host);
  const found = isAddress ? [host] : NAMES[host];
  return found === undefined ? Promise.reject(new Error(`ENOTFOUND ${host}`)) : Promise.resolve(found);
}

interface Wish {
  readonly caddy?: readonly string[];
  readonly pages?: readonly string[];
  readonly lapi?: string;
  readonly bouncer?: string;
  readonly redis?: string;
}

const SOCKET = 'unix:///run/some.sock';
const settings = ({ caddy = [], pages = [], lapi = SOCKET, bouncer = 'http://gone', redis = SOCKET }: Wish) => ({
  CADDY_ADMIN: [...caddy],
  CONTROL_API_PUBLIC_URL: pages.map((page) => new URL(page)),
  CROWDSEC_LAPI_URL: lapi,
  BOUNCER_URL: bouncer,
  REDIS_URL: new Secret(redis),
});

const isOwn = ({ what }: { readonly what: string }) => what === 'an address of this machine';

/** What is guarded besides this machine itself. */
async function guarded(wish: Wish, ask = resolve) {
  const guards = await new InfrastructureGuards(settings(wish), new FakeClock(), ask).guards();
  return guards.filter((one) => !isOwn(one)).map(({ prefix, code, what }) => `${code}: ${prefix} is ${what}`);
}

afterEach(() => {
  vi.useRealTimers();
});

describe('a ban must not hit by mistake', () => {
  it('any address of this machine', async () => {
    const guards = await new InfrastructureGuards(settings({}), new FakeClock(), resolve).guards();
    const addresses = Object.values(networkInterfaces()).flatMap((entries = []) => entries.map((one) => one.address));
    expect(addresses).not.toEqual([]);
    expect(guards.map(({ code, what }) => [code, what])).toEqual(
      addresses.map(() => ['infrastructure', 'an address of this machine']),
    );
    expect(guards.map(({ prefix }) => prefix)).toContain('127.0.0.1');
  });

  it('the servers that the settings name, by all their addresses', async () => {
    expect(
      await guarded({
        caddy: ['http://caddy:2019', 'http://[2001:db9::9]:2019'],
        pages: ['https://crowdsec.example/page'],
        lapi: 'http://lapi:8080',
        bouncer: 'http://bouncer:8090',
        redis: 'redis://:secret@redis:6379/0',
      }),
    ).toEqual([
      'infrastructure: 198.51.100.1 is an address of Caddy',
      'infrastructure: 2001:db9::1 is an address of Caddy',
      'infrastructure: 2001:db9::9 is an address of Caddy',
      'infrastructure: 198.51.100.2 is an address of crowdsec.example',
      'infrastructure: 198.51.100.3 is an address of CrowdSec',
      'infrastructure: 198.51.100.4 is an address of the bouncer',
      'infrastructure: 198.51.100.5 is an address of Redis',
    ]);
  });

  it.each(['caddy:2019', 'tcp/caddy:2019', 'caddy'])(
    'a Caddy that is named %s, as Caddy itself writes it',
    async (caddy) => {
      expect(await guarded({ caddy: [caddy] })).toHaveLength(2);
    },
  );

  it('any Sentinel of a Redis', async () => {
    const redis = 'redis+sentinel://user:secret@sentinel:26379,[2001:db9::7],gone:1/master/0';
    expect(await guarded({ redis })).toEqual([
      'infrastructure: 198.51.100.6 is an address of Redis',
      'infrastructure: 2001:db9::7 is an address of Redis',
    ]);
  });

  it('and sockets have no address that anybody would ask for', async () => {
    const ask = vi.fn(resolve);
    const sockets = { caddy: ['unix//run/caddy.sock', 'rubbish://x'], lapi: 'UNIX://[/odd', redis: SOCKET };
    expect(await guarded(sockets, ask)).toEqual([]);
    expect(ask.mock.calls).toEqual([['gone']]);
  });
});

describe('a name', () => {
  it('that the resolver keeps silent about holds no ban up for longer than a second', async () => {
    vi.useFakeTimers();
    const isSilent = (host: string) => (host === 'lapi' ? new Promise<never>(() => undefined) : resolve(host));
    const asked = guarded({ lapi: 'http://lapi:8080', bouncer: 'http://bouncer:8090' }, isSilent);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(await asked).toEqual(['infrastructure: 198.51.100.4 is an address of the bouncer']);
  });

  it('is resolved anew after a minute, and not before', async () => {
    const clock = new FakeClock();
    const ask = vi.fn(resolve);
    const guards = new InfrastructureGuards(settings({}), clock, ask);
    const first = await guards.guards();
    clock.advance(60_000);
    expect(await guards.guards()).toBe(first);
    expect(ask).toHaveBeenCalledTimes(1);
    clock.advance(1);
    await guards.guards();
    expect(ask).toHaveBeenCalledTimes(2);
  });

  it('is asked of the system’s resolver', async () => {
    const wish = settings({ bouncer: 'http://localhost:8090' });
    const guards = await new InfrastructureGuards(wish, new FakeClock()).guards();
    expect(guards.filter((one) => !isOwn(one)).map(({ what }) => what)).toContain('an address of the bouncer');
  });
});
