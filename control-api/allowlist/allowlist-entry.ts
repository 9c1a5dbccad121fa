import { z } from '@hono/zod-openapi';
import { comparePrefixes, type Prefix, parsePrefix } from '../../bouncer/shared/net/prefix.ts';
import { parseJson } from '../parse-json.ts';

const storedSchema = z.object({
  reason: z.string().default(''),
  by: z.string().default(''),
  created_at: z.string().default(''),
  expires_at: z.string().optional(),
});

export const allowlistEntrySchema = z
  .object({
    value: z.string().openapi({ description: 'an address or range, in its canonical spelling' }),
    reason: z.string(),
    by: z.string(),
    created_at: z.string(),
    expires_at: z.string().optional(),
  })
  .openapi('AllowlistEntry');

export type AllowlistEntry = z.infer<typeof allowlistEntrySchema> & { readonly value: Prefix };

/** What counts now: an entry that ran out is no longer one; one that a newer version wrote is read as far as it goes. */
export function readEntries(hash: Readonly<Record<string, string>>, now: number): AllowlistEntry[] {
  return Object.entries(hash)
    .flatMap(([text, json]) => {
      const value = parsePrefix(text);
      const stored = storedSchema.safeParse(parseJson(json));
      return value === undefined || !stored.success ? [] : [{ value, ...stored.data }];
    })
    .filter(({ expires_at }) => expires_at === undefined || Date.parse(expires_at) > now)
    .sort((a, b) => comparePrefixes(a.value, b.value));
}
