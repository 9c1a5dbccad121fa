import { z } from 'zod';
import { POLICIES } from './policy.ts';

/**
 * What an operator wants, as Redis keeps it. A field that is missing was never set; it is not "default":
 * whoever last knew it writes it back (a wiped Redis must not switch protection on or off).
 */
export const storedSettingsSchema = z.object({
  /** The one key that says whether protection is on. */
  enabled: z.boolean().optional(),
  policy: z.enum(POLICIES).optional(),
  /** Names the last write, so that the writer can see it confirmed. */
  change: z.string().max(64).optional(),
});

export type StoredSettings = z.infer<typeof storedSettingsSchema>;
