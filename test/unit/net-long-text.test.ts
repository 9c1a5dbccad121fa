import { describe, expect, it } from 'vitest';
import { parsePrefix } from '../../bouncer/shared/net/prefix.ts';

/** Whoever sends texts that are long for no reason must not keep a process busy. */
describe('parsePrefix', () => {
  it.each(['1', '0', '1.', ':', '1:', '::', 'f', '/', '1/', '%', ' ', '1.2.3.4/', '\ud800'])(
    'rejects 4 KiB of %j, ten thousand times over',
    (part) => {
      const text = part.repeat(4096 / part.length);
      for (let i = 0; i < 10_000; i++) if (parsePrefix(text) !== undefined) expect.fail();
    },
  );
});
