import { beforeEach, describe, expect, it, vi } from 'vitest';
import { parsePrefix } from '../../bouncer/shared/net/prefix.ts';

const isValidAddress = vi.hoisted(() => vi.fn<(text: string) => boolean>());
vi.mock('ip-cidr', () => ({ default: { isValidAddress } }));

/** Two readers with the same mistake are rare: whom one of them alone takes for an address, nobody bans or lets in. */
describe('what a person wrote', () => {
  beforeEach(() => isValidAddress.mockReset());

  it.each(['2001:DB8::1', '1.2.3.4/8', '::ffff:1.2.3.4'])(
    'is no address when the second reader finds none: %s',
    (text) => {
      isValidAddress.mockReturnValue(false);
      expect(parsePrefix(text)).toBeUndefined();
      isValidAddress.mockReturnValue(true);
      expect(parsePrefix(text)).toBeDefined();
    },
  );

  it.each([
    ['2001:DB8::1', '2001:DB8::1'],
    ['::ffff:1.2.3.4/120', '::ffff:1.2.3.4'],
  ])('is shown to it without a length, of which the two think differently: %s', (text, address) => {
    parsePrefix(text);
    expect(isValidAddress.mock.calls).toEqual([[address]]);
  });

  it('is not shown to it when the first finds none', () => {
    expect(parsePrefix('localhost')).toBeUndefined();
    expect(isValidAddress).not.toHaveBeenCalled();
  });
});

describe('what a program wrote, in canonical form', () => {
  it.each(['1.2.3.4', '10.0.0.0/8', '2001:db8::/32', '::'])('needs no second reader: %s', (text) => {
    isValidAddress.mockReset();
    expect(parsePrefix(text)).toBe(text);
    expect(isValidAddress).not.toHaveBeenCalled();
  });
});
