import { describe, expect, it } from 'vitest';
import type { Status } from '../../control-api/ui/api/wire.ts';
import { chainOf, firstBroken } from '../../control-api/ui/text/chain.ts';
import { changeInWords } from '../../control-api/ui/text/change-in-words.ts';
import { curlLine } from '../../control-api/ui/text/curl.ts';
import { fleetInWords } from '../../control-api/ui/text/fleet.ts';
import { headline } from '../../control-api/ui/text/headline.ts';
import { isInEffect } from '../../control-api/ui/text/in-effect.ts';
import { originCounts } from '../../control-api/ui/text/origin.ts';
import { outages } from '../../control-api/ui/text/outages.ts';
import { pastedAddresses } from '../../control-api/ui/text/pasted-addresses.ts';
import { plain } from '../../control-api/ui/text/plain.ts';
import { withoutSecrets } from '../../control-api/ui/text/report.ts';
import { histogram, top } from '../../control-api/ui/text/tally.ts';
import { age, ago, asDuration, remaining, seconds } from '../../control-api/ui/text/time.ts';

const NOW = Date.parse('2026-03-01T12:00:00Z');

function statusWith(bouncer: Partial<Status['bouncer']>, more: Partial<Status> = {}): Status {
  return {
    enabled: true,
    policy: 'enforce',
    engine: { mode: 'external', state: 'running', since: '' },
    bouncer: {
      state: 'enforcing',
      reasons: [],
      ids: ['one'],
      stream: [{ id: 'one', role: 'leader', leader: 'one' }],
      decisions: { total: 33_552, local: 6, community: 33_546, lists: 0 },
      enforced: { addresses: 33_552, ranges: 0, exceptions: 0 },
      caddies: [],
      ...bouncer,
    },
    enrollment: { state: 'not_enrolled' },
    heartbeat: { state: 'unknown', failures_in_a_row: 0 },
    ...more,
  };
}

describe('the headline', () => {
  it('says how many are enforced, and where they come from', () => {
    expect(headline(statusWith({}), NOW)).toMatchObject({
      tone: 'good',
      title: 'Enforcing 33,552 addresses',
      detail: '6 local, 33,546 community',
    });
  });

  it('says since when the data is stale', () => {
    const status = statusWith({ state: 'stale', last_pull_at: '2026-03-01T11:56:00Z' });
    expect(headline(status, NOW)).toMatchObject({ tone: 'warn', state: 'Stale for 4 min' });
  });

  it('takes "nobody is banned" for the real state that it is', () => {
    const decisions = { total: 0, local: 0, community: 0, lists: 0 };
    expect(headline(statusWith({ decisions }), NOW)).toMatchObject({ title: 'Enforcing, nobody is banned' });
  });

  it.each(['starting', 'syncing', 'monitoring', 'degraded', 'off', 'offline', 'unknown'] as const)(
    'has words for %s',
    (state) => {
      const { title, detail } = headline(statusWith({ state }), NOW);
      expect(title).not.toBe('');
      expect(detail).not.toBe('');
    },
  );
});

describe('what is wanted', () => {
  it.each<[Partial<Status>, Status['bouncer']['state']]>([
    [{ enabled: true, policy: 'enforce' }, 'enforcing'],
    [{ enabled: true, policy: 'monitor' }, 'monitoring'],
    [{ enabled: true, policy: 'off' }, 'off'],
    [{ enabled: false, policy: 'enforce' }, 'off'],
  ])('is in effect with %j when the bouncers say that they are %s, and nothing stands in between', (wanted, state) => {
    expect(isInEffect(statusWith({ state }, wanted))).toBe(true);
    expect(isInEffect(statusWith({ state, reasons: ['Caddy does not hold the newest rules yet'] }, wanted))).toBe(
      false,
    );
    for (const other of ['enforcing', 'monitoring', 'off', 'syncing', 'degraded', 'offline'] as const)
      expect(isInEffect(statusWith({ state: other }, wanted))).toBe(other === state);
  });
});

describe('outages', () => {
  it('names only the API when the API is gone: nothing else can be known then', () => {
    const found = outages({ apiIsGone: true, redisIsGone: true, status: statusWith({ state: 'offline' }) });
    expect(found.map(({ part }) => part)).toEqual(['api']);
  });

  it('names the bouncer and LAPI together', () => {
    const engine = { mode: 'external', state: 'unreachable', since: '' } as const;
    const status = statusWith({ state: 'offline' }, { engine });
    const found = outages({ apiIsGone: false, redisIsGone: false, status });
    expect(found.map(({ part }) => part)).toEqual(['bouncer', 'lapi']);
  });
});

describe('a fleet', () => {
  const summary = (...roles: readonly ('leader' | 'follower' | 'alone')[]) =>
    fleetInWords(
      statusWith({
        ids: roles.map((_, index) => `edge-${index + 1}`),
        stream: roles.map((role, index) => ({ id: `edge-${index + 1}`, role })),
      }).bouncer,
    );

  it('is not spoken of where there is one bouncer', () => {
    expect(summary('leader')).toBeUndefined();
  });

  it('is told by who pulls from LAPI, and who follows', () => {
    expect(summary('leader', 'follower')).toBe('edge-1 pulls from LAPI for all, edge-2 follows');
    expect(summary('follower', 'leader', 'alone')).toBe(
      'edge-2 pulls from LAPI for all, edge-1 follows, edge-3 pulls alone',
    );
    expect(summary('leader', 'follower', 'follower', 'follower')).toBe(
      'edge-1 pulls from LAPI for all, edge-2 and 2 others follow',
    );
  });
});

describe('text of attackers', () => {
  it('keeps markup as it is, since it is only ever text', () => {
    expect(plain('<b>&amp;')).toBe('<b>&amp;');
  });

  it.each(['\u0000', '\u0007', '\u001b', '\u200f', '\u202e', '\u2066', '\u2028', '\ufeff', '\u{e0041}'])(
    'shows what cannot be seen: %j',
    (character) => {
      expect(plain(`a${character}b`)).toBe('a\ufffdb');
    },
  );

  it('cuts what is very long, and no character in half', () => {
    expect(plain('😀'.repeat(300), 3)).toBe('😀…');
    expect(plain('x'.repeat(5_000))).toHaveLength(401);
  });
});

describe('pasted addresses', () => {
  it.each([
    ['203.0.113.9', ['203.0.113.9']],
    ['203.0.113.9, 203.0.113.9;198.51.100.0/24', ['203.0.113.9', '198.51.100.0/24']],
    ['1[.]2(.)3{dot}4', ['1.2.3.4']],
    ['hxxps://203.0.113.9/login?x=1', ['203.0.113.9']],
    ['"203.0.113.9:443"\t<198.51.100.7>', ['203.0.113.9', '198.51.100.7']],
    ['[2001:db8::1]:443 2001:db8::/32', ['2001:db8::1', '2001:db8::/32']],
    ['# a blocklist\n203.0.113.9 # bad\n// more\n', ['203.0.113.9']],
    ['from 203.0.113.9.', ['from', '203.0.113.9']],
    ['', []],
  ])('reads %j', (text, addresses) => {
    expect(pastedAddresses(text)).toEqual(addresses);
  });
});

describe('the command line of an action', () => {
  it('quotes everything for a shell, and carries no token', () => {
    const line = curlLine('http://127.0.0.1:8080', { method: 'POST', path: '/x', body: { reason: "it's $(id)" } });
    expect(line).toContain(`-d '{"reason":"it'\\''s $(id)"}'`);
    expect(line).toContain('Bearer $CONTROL_API_TOKEN');
  });
});

describe('the chain of diagnostics', () => {
  const connectivity = {
    lapi: { status: 'unreachable', error: 'connection refused', hint: 'Start it.' },
    capi: { status: 'unreachable', error: 'no such host' },
    hub: { status: 'reachable' },
    redis: { status: 'healthy', latency_ms: 1 },
    caddy: { status: 'healthy' },
    bouncer: { status: 'enforcing' },
  };

  it('puts what blocking stands on before what the internet is for', () => {
    const checks = [{ id: 'heartbeat', title: 'Heartbeats', status: 'ok', message: '' }] as const;
    const chain = chainOf(connectivity, { valid: true, checks });
    expect(chain.map(({ id }) => id)).toEqual(['redis', 'lapi', 'bouncer', 'caddy', 'capi', 'hub', 'heartbeat']);
    expect(firstBroken(chain)).toMatchObject({ id: 'lapi', isNear: true, hint: 'Start it.' });
  });
});

describe('the report', () => {
  it('shows neither the password of a URL nor anything like a key', () => {
    const text = withoutSecrets('redis://user:secret@host:6379 key 0123456789abcdef0123456789abcdef01 done');
    expect(text).toBe('redis://***@host:6379 key *** done');
  });
});

describe('time', () => {
  it('is told in two units at most', () => {
    expect([0, 42_000, 723_000, 14_340_000, 561_600_000].map(remaining)).toEqual([
      '0 s',
      '42 s',
      '12 m 03 s',
      '3 h 59 m',
      '6 d 12 h',
    ]);
    expect(ago(NOW - 3_000, NOW)).toBe('just now');
    expect(ago(NOW - 240_000, NOW)).toBe('4 min ago');
    expect(age(86_400_000)).toBe('1 day');
    expect(seconds(412)).toBe('0.4 s');
    expect(asDuration(-5)).toBe('1s');
  });
});

describe('counting', () => {
  it('names the most frequent, and leaves out what has no name', () => {
    expect(top(['b', 'a', 'b', '', undefined, 'c'], 2)).toEqual([
      { name: 'b', value: 2 },
      { name: 'a', value: 1 },
    ]);
    expect(histogram([0, 1, 5, 9, 10, -1], 0, 10, 2)).toEqual([2, 2]);
    expect(originCounts({ CAPI: 3, 'lists:tor': 2, cscli: 1 })).toEqual({ community: 3, lists: 2, local: 1, all: 6 });
  });
});

describe('a change', () => {
  const words = { what: '192.0.2.1', is: 'is off the allowlist' };
  const reply = { confirmed: false, overtaken: false, took_ms: 412, missing: [] };

  it('is told as confirmed, as not confirmed yet, or as changed again by somebody', () => {
    expect(changeInWords({ ...reply, confirmed: true }, words)).toBe(
      '192.0.2.1 is off the allowlist: Caddy confirmed it, 0.4 s',
    );
    expect(changeInWords(reply, words)).toBe('192.0.2.1 is off the allowlist: not confirmed by Caddy yet');
    expect(changeInWords({ ...reply, overtaken: true }, words)).toBe('192.0.2.1: somebody changed it again');
  });
});
