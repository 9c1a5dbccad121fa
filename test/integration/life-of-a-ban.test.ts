/** What CrowdSec decides, a real Caddy does: every kind of decision, on both Caddys. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CADDY_VERSIONS } from '../support/servers.ts';
import { startStack, type Stack } from '../support/stack.ts';
import { waitFor } from '../support/wait-for.ts';

/** What LAPI stored while its stream looked comes with a full pull, a quarter of a minute later. */
const IN_PARTS_MS = 40_000;

describe.each(CADDY_VERSIONS)('with Caddy %s', (caddy) => {
  let stack: Stack;

  beforeAll(async () => {
    stack = await startStack({ caddy, bouncer: { ALLOWLIST: '127.60.0.7, 127.70.0.0/28' } });
  });
  afterAll(() => stack.stop());

  it('serves everybody while nobody is banned', async () => {
    expect(await stack.requestFrom('127.1.0.1')).toMatchObject({ status: 200 });
    expect(await stack.requestFrom('::1')).toMatchObject({ status: 200 });
  });

  it('blocks a banned address, and serves it again once the ban is lifted', async () => {
    await stack.ban('127.1.0.2');
    await stack.untilBlocked('127.1.0.2');
    expect(await stack.requestFrom('127.1.0.3')).toMatchObject({ status: 200 });
    await stack.unban('127.1.0.2');
    await stack.untilServed('127.1.0.2');
  });

  it('acts at once when it is told to look', async () => {
    await stack.ban('127.1.0.4');
    // At everything: a poll that looked while LAPI stored the ban has used up the delta that would have told of it.
    const answer = await stack.bouncer.get('/refresh?wait&full', 'POST');
    expect(JSON.parse(answer.body)).toEqual({ confirmed: true, missing: [] });
    expect(await stack.requestFrom('127.1.0.4')).toMatchObject({ status: 403 });
    await stack.unban('127.1.0.4');
    await stack.bouncer.get('/refresh?wait', 'POST');
    expect(await stack.requestFrom('127.1.0.4')).toMatchObject({ status: 200 });
  });

  it('lifts a ban when its time is up, before LAPI says anything', async () => {
    await stack.ban('127.1.0.5', { duration: '6s' });
    await stack.bouncer.refresh(); // the next poll could leave too little of it to be seen
    await stack.untilBlocked('127.1.0.5');
    await stack.untilServed('127.1.0.5');
  });

  it('keeps an address blocked while any of several decisions asks for it', async () => {
    await stack.ban('127.1.0.6', { duration: '1h', reason: 'first' });
    await stack.ban('127.1.0.6', { duration: '2h', reason: 'second' });
    await stack.ban('127.1.0.6', { duration: '1h', type: 'captcha', reason: 'third' });
    const decisions = await waitFor(
      async () => {
        const known = (await lookup(stack, '127.1.0.6')).decisions; // a poll between two of them tells one alone
        expect(known.map(({ scenario }) => scenario).sort()).toEqual(['first', 'second', 'third']);
        return known;
      },
      { what: 'all three to be known' },
    );
    await stack.untilBlocked('127.1.0.6');
    for (const id of decisions.slice(0, 2).map((decision) => decision.id)) {
      await stack.crowdsec.machine.deleteDecision(id);
      await stack.bouncer.get('/refresh?wait', 'POST');
      expect(await stack.requestFrom('127.1.0.6')).toMatchObject({ status: 403 });
    }
    await stack.unban('127.1.0.6');
    await stack.untilServed('127.1.0.6');
  });

  it('blocks every address of a range, and an address that a range also covers stays blocked by it', async () => {
    await stack.ban('127.20.0.0/16');
    await stack.ban('127.20.3.4');
    await stack.untilBlocked('127.20.3.4');
    await stack.untilBlocked('127.20.255.1');
    await stack.unban('127.20.3.4');
    await stack.bouncer.get('/refresh?wait', 'POST');
    expect(await stack.requestFrom('127.20.3.4')).toMatchObject({ status: 403 });
    expect(await stack.requestFrom('127.21.0.1')).toMatchObject({ status: 200 });
    await stack.unban('127.20.0.0/16');
    await stack.untilServed('127.20.255.1');
  });

  it('never blocks an allowlisted address, whatever range covers it', async () => {
    await stack.ban('127.60.0.0/24');
    await stack.ban('127.60.0.7');
    await stack.ban('127.70.0.3');
    await stack.untilBlocked('127.60.0.8');
    expect(await stack.requestFrom('127.60.0.7')).toMatchObject({ status: 200 });
    expect(await stack.requestFrom('127.70.0.3')).toMatchObject({ status: 200 });
    expect(await lookup(stack, '127.60.0.7')).toMatchObject({ verdict: 'allowlisted', allowed_by: ['127.60.0.7'] });
  });

  it('blocks an IPv6 client', async () => {
    await stack.ban('::1');
    await stack.untilBlocked('::1');
    expect(await stack.requestFrom('127.1.0.1')).toMatchObject({ status: 200 });
    await stack.unban('::1');
    await stack.untilServed('::1');
  });

  it('reads what LAPI holds in odd spellings, and counts what nobody could enforce', async () => {
    await stack.ban('::ffff:127.1.0.9');
    await stack.ban('127.30.0.1/16', { scope: 'Range' });
    await stack.ban('BG', { scope: 'Country' });
    await stack.ban('127.1.0.10', { type: 'tarpit' });
    await stack.untilBlocked('127.1.0.9');
    await stack.untilBlocked('127.30.9.9');
    await stack.untilBlocked('127.1.0.10');
  });

  it('holds hundreds of bans in its index and still tells everybody apart', async () => {
    const many = Array.from({ length: 400 }, (_, i) => `127.90.${i >> 8}.${i & 255}`);
    await stack.crowdsec.import(many.map((value) => ({ value })));
    for (const banned of ['127.90.1.143', '127.90.0.0', '127.90.0.255', '127.90.1.0']) {
      await stack.untilBlocked(banned, IN_PARTS_MS);
    }
    for (const free of ['127.90.1.144', '127.89.0.0', '127.1.0.1']) {
      expect(await stack.requestFrom(free, { host: 'shop.example.com' })).toMatchObject({ status: 200 });
      expect(stack.site.upstream.requests.at(-1)).toMatchObject({ host: 'shop.example.com' });
      expect(stack.site.upstream.requests.at(-1)?.headers).not.toHaveProperty('x-ccs-host');
    }
    await stack.crowdsec.deleteAll();
    await stack.untilServed('127.90.0.0');
  });

  it('answers "why is this address blocked?"', async () => {
    await stack.ban('127.1.0.20', { reason: 'crowdsecurity/http-probing', duration: '2h' });
    await stack.untilBlocked('127.1.0.20');
    await stack.bouncer.get('/refresh?wait', 'POST'); // Caddy blocks a moment before it has confirmed that
    const answer = await lookup(stack, '127.1.0.20');
    expect(answer.because).toBe(
      '127.1.0.20 is blocked: "crowdsecurity/http-probing" (cscli) asks for ban of 127.1.0.20.',
    );
    expect(answer.caddies).toEqual([{ admin: stack.caddy.admin, enforced: 'yes' }]);
    expect(await lookup(stack, '127.1.0.21')).toMatchObject({ verdict: 'clear', decisions: [] });
  });
});

interface Answer {
  readonly because: string;
  readonly decisions: readonly { readonly id: number; readonly scenario: string }[];
  readonly caddies: readonly unknown[];
}

async function lookup(stack: Stack, address: string): Promise<Answer> {
  return JSON.parse((await stack.bouncer.get(`/lookup?ip=${address}`)).body) as Answer;
}
