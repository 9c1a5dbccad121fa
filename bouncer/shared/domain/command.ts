import { z } from 'zod';

/** What one process may ask of another over Redis pub/sub. A lost command costs time, never correctness. */
export const commandSchema = z.discriminatedUnion('kind', [
  /** The settings changed: read them now. */
  z.object({ kind: z.literal('settings') }),
  /** Decisions changed: pull the delta now. */
  z.object({ kind: z.literal('refresh') }),
  /** Deltas may have been lost: pull everything now. */
  z.object({ kind: z.literal('resync') }),
]);

export type Command = z.infer<typeof commandSchema>;
