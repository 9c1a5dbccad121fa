import type { Batch } from '../../bouncer/lapi/batch.ts';
import type { PullResult } from '../../bouncer/lapi/client.ts';
import type { PullFailure } from '../../bouncer/lapi/failure.ts';
import type { PullRight } from '../../bouncer/lapi/pull-right.ts';
import type { StreamConsumer } from '../../bouncer/lapi/stream.ts';
import type { Decision } from '../../bouncer/shared/domain/decision.ts';

export function batchOf(kind: Batch['kind'], decisions: readonly Decision[] = [], deletedIds: number[] = []): Batch {
  return { kind, decisions, deletedIds, rejects: new Map() };
}

export const FAILURE: PullFailure = { kind: 'failed', reason: 'unreachable', message: 'gone', hint: 'start it' };

/** Nobody to share LAPI with. */
export const ALONE: PullRight = {
  terms: () => Promise.resolve({ lease: undefined, isShared: false }),
  pulled: () => undefined,
};

/** Replies prepared by a test; when they are used up, every pull brings nothing new. */
export class FakeLapiClient {
  /** What was asked for, in order. */
  readonly pulls: Batch['kind'][] = [];
  isClosed = false;
  /** Replaces the prepared replies. */
  answer: ((kind: Batch['kind'], signal: AbortSignal) => Promise<PullResult>) | undefined;
  #replies: (Batch | PullFailure)[] = [];

  next(...replies: (Batch | PullFailure)[]): void {
    this.#replies.push(...replies);
  }

  pull(kind: Batch['kind'], signal: AbortSignal): Promise<PullResult> {
    this.pulls.push(kind);
    if (this.answer !== undefined) return this.answer(kind, signal);
    const reply = this.#replies.shift() ?? batchOf(kind);
    if (reply.kind === 'failed') return Promise.resolve(reply);
    return Promise.resolve({ kind: 'batch', batch: { ...reply, kind } });
  }

  close(): Promise<void> {
    this.isClosed = true;
    return Promise.resolve();
  }
}

/** Remembers what the stream told it. `known` is the set that a full batch is compared with. */
export class FakeConsumer implements StreamConsumer {
  readonly batches: Batch[] = [];
  readonly failures: number[] = [];
  known: readonly number[] = [];

  wouldDrop(batch: Batch): { dropped: number; known: number } {
    const ids = new Set(Array.from(batch.decisions, ({ id }) => id));
    return { dropped: this.known.filter((id) => !ids.has(id)).length, known: this.known.length };
  }

  onBatch(batch: Batch): void {
    this.batches.push(batch);
  }

  onFailure(_: PullFailure, failuresInARow: number): void {
    this.failures.push(failuresInARow);
  }
}
