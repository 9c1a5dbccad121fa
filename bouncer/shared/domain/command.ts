import { z } from 'zod';

/** What one process may ask of another over Redis pub/sub. A lost command costs time, never correctness. */
export const commandSchema = z.discriminatedUnion('kind', [
  /** The settings changed: read them now. */
  z.object({ kind: z.literal('settings') }),
  /** Decisions changed: pull the delta now, or everything. Where `ask` is given, `refreshed` is the answer. */
  z.object({ kind: z.literal('refresh'), ask: z.string().optional(), full: z.boolean().optional() }),
  /** What was pulled since `ask` is in the stream of batches; or why it is not. */
  z.object({ kind: z.literal('refreshed'), ask: z.string(), error: z.string().optional() }),
  /** Deltas may have been lost: pull everything now. */
  z.object({ kind: z.literal('resync') }),
  /** The stream of batches has grown. */
  z.object({ kind: z.literal('published') }),
  /** The snapshot, or a batch after it, cannot be read or is gone: the one that pulls writes the snapshot anew. */
  z.object({ kind: z.literal('snapshot') }),
  /** The lease to pull is free, or a bouncer has come: nobody need wait for a turn to know. */
  z.object({ kind: z.literal('lease') }),
]);

export type Command = z.infer<typeof commandSchema>;
