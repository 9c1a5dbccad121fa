import { z } from '@hono/zod-openapi';
import { type Prefix, parsePrefix, prefixParts } from '../../bouncer/shared/net/prefix.ts';

/** What people paste instead of an address: spaces, brackets, and the dots of a defanged one (`1[.]2[.]3[.]4`). */
export function readPastedPrefix(text: string): Prefix | undefined {
  return parsePrefix(
    text
      .trim()
      .replaceAll('[.]', '.')
      .replaceAll('[:]', ':')
      .replace(/^\[(.+)\]$/, '$1'),
  );
}

/** How wide a range may be: half of the internet in one click is a mistake, whatever it is for. */
const SHORTEST = { 4: 8, 6: 16 } as const;

export const prefixInput = z
  .string()
  .max(100)
  .transform((text, context): Prefix => {
    const prefix = readPastedPrefix(text);
    if (prefix === undefined) {
      context.addIssue({ code: 'custom', message: 'this is not an IP address or range' });
      return z.NEVER;
    }
    const { family, length } = prefixParts(prefix);
    if (length >= SHORTEST[family]) return prefix;
    context.addIssue({
      code: 'custom',
      message: `a range has at least /${SHORTEST[family]}: this one is far too wide`,
    });
    return z.NEVER;
  })
  .openapi({ type: 'string', example: '203.0.113.0/24' });
