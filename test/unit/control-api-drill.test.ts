import { describe, expect, it } from 'vitest';
import { parseAddress } from '../../bouncer/shared/net/prefix.ts';
import { banDrill } from '../../control-api/decisions/ban-drill.ts';
import type { BouncerLookup } from '../../control-api/decisions/bouncer-client.ts';
import { systemClock } from '../../bouncer/shared/runtime/clock.ts';

type Enforced = BouncerLookup['caddies'][number]['enforced'];

const ADDRESS = parseAddress('192.0.2.1');
if (ADDRESS === undefined) throw new Error('not an address');
const address = ADDRESS;

const CONFIRMED = { confirmed: true, missing: [], tookMs: 7 };
const lookup = (caddies: Readonly<Record<string, Enforced>>): BouncerLookup => ({
  verdict: 'clear',
  because: '',
  enabled: true,
  policy: 'enforce',
  decisions: [],
  allowed_by: [],
  caddies: Object.entries(caddies).map(([admin, enforced]) => ({ admin, enforced })),
});

/** Caddys that say one thing until the ban or the lift was made, and then another. */
function world({ after = 'yes', stays }: { after?: Enforced; stays?: Enforced } = {}) {
  let now: Enforced = 'no';
  let asked = 0;
  const change = (to: Enforced) => new Promise<void>((resolve) => setTimeout(() => resolve(void (now = to)), 60));
  const parts = {
    clock: systemClock,
    bouncer: {
      lookup: () => {
        asked += 1;
        return Promise.resolve({ kind: 'ok' as const, value: lookup({ near: now, far: stays ?? now }) });
      },
    },
    banning: { ban: () => change(after).then(() => ({ ...CONFIRMED, added: [address], failed: [], ids: [1] })) },
    unbanning: {
      value: () =>
        change('no').then(() => ({
          kind: 'unbanned' as const,
          outcome: {
            ...CONFIRMED,
            deleted: 1,
            lifted: [],
            failed: [],
            allowedAgain: true,
            stillCoveredBy: [],
          },
        })),
    },
  };
  return { parts, asked: () => asked };
}

const times = (step: { readonly caddies: readonly { readonly admin: string; readonly tookMs?: number }[] }) =>
  step.caddies.map(({ admin, tookMs }) => [admin, tookMs !== undefined]);

describe('a drill', () => {
  it('says of each Caddy when it blocked, and when it let in again', async () => {
    const { parts } = world();
    const result = await banDrill(parts, address);
    if (result.kind !== 'done') throw new Error(result.kind);
    expect(result).toMatchObject({ ban: { confirmed: true, missing: [] }, lift: { confirmed: true, missing: [] } });
    for (const step of [result.ban, result.lift]) {
      expect(times(step)).toEqual([
        ['near', true],
        ['far', true],
      ]);
    }
    expect(result.ban.caddies[0]?.tookMs).toBeGreaterThan(0);
  });

  it('believes a Caddy’s own state more than that all was pushed, and names it', async () => {
    const { parts } = world({ stays: 'pending' });
    const result = await banDrill(parts, address);
    expect(result).toMatchObject({
      ban: { confirmed: false, missing: ['caddy far does not block it'] },
      lift: { confirmed: false, missing: ['caddy far still blocks it'] },
    });
    if (result.kind === 'done') expect(times(result.ban)).toContainEqual(['far', false]);
  });

  it('has no times, and no doubts, where the bouncer cannot be asked', async () => {
    const { parts } = world();
    const mute = { lookup: () => Promise.resolve({ kind: 'unavailable' as const, message: 'no', hint: 'no' }) };
    expect(await banDrill({ ...parts, bouncer: mute }, address)).toMatchObject({
      ban: { confirmed: true, caddies: [] },
      lift: { confirmed: true, caddies: [] },
    });
  });

  it('stops asking when the ban itself fails', async () => {
    const { parts, asked } = world();
    const banning = { ban: () => Promise.reject(new Error('broken')) };
    await expect(banDrill({ ...parts, banning }, address)).rejects.toThrow('broken');
    const before = asked();
    await new Promise((resolve) => setTimeout(resolve, 120));
    expect(asked() - before).toBeLessThanOrEqual(1);
  });
});
