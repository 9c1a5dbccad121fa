import * as crypto from 'node:crypto';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { carriesToken } from '../../bouncer/shared/runtime/bearer.ts';
import { Secret } from '../../bouncer/shared/runtime/secret.ts';

vi.mock('node:crypto', async (original) => {
  const real = await original<typeof crypto>();
  return { ...real, timingSafeEqual: vi.fn(real.timingSafeEqual) };
});

const TOKEN = 'a-token-that-is-long-enough';
const compared = vi.mocked(crypto.timingSafeEqual);

beforeEach(() => void compared.mockClear());

describe('a token in a request', () => {
  it.each([`Bearer ${TOKEN}`, `bearer ${TOKEN}`, `BEARER   ${TOKEN}  `])('is taken: %j', (header) => {
    expect(carriesToken(header, new Secret(TOKEN))).toBe(true);
  });

  /** Hashes of 32 bytes in constant time: neither the length of a guess nor how far it is right shows in the time. */
  it.each(['a', TOKEN.slice(0, -1), `${TOKEN.slice(0, -1)}x`, `x${TOKEN.slice(1)}`, `${TOKEN}x`, 'y'.repeat(10_000)])(
    'that is wrong is compared like any other, whatever its length: %.30s',
    (guess) => {
      expect(carriesToken(`Bearer ${guess}`, new Secret(TOKEN))).toBe(false);
      expect(compared).toHaveBeenCalledTimes(1);
      for (const side of compared.mock.calls[0] ?? []) expect(side.byteLength).toBe(32);
    },
  );

  it.each([undefined, '', 'Bearer', 'Bearer ', `Basic ${TOKEN}`, TOKEN, `Bearer x ${TOKEN}`, `Bearer ${TOKEN} x`])(
    'is none in %j, not even where the token itself is empty',
    (header) => {
      expect(carriesToken(header, new Secret(TOKEN))).toBe(false);
      expect(carriesToken(header, new Secret(''))).toBe(false);
    },
  );
});
