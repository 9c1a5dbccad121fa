import { TokenType } from '@streamparser/json';
import { DecisionColumns } from '../shared/decisions/decision-columns.ts';
import type { DecisionList } from '../shared/decisions/decision-list.ts';
import { JsonReader } from '../shared/runtime/json-reader.ts';
import { decodeDecision, decodeDeletedId, type RejectReason } from './decode.ts';

/** What one pull brought. */
export interface Batch {
  /** `full` is everything that is active; `delta` is what changed since the last pull. */
  readonly kind: 'full' | 'delta';
  readonly decisions: DecisionList;
  /** Empty for a full batch: LAPI then lists every expired row that it still keeps. */
  readonly deletedIds: readonly number[];
  readonly rejects: ReadonlyMap<RejectReason, RejectCount>;
}

export interface RejectCount {
  readonly count: number;
  /** The last of them, as JSON, cut short; hostile text. */
  readonly sample: string;
}

/**
 * Reads a reply of `/v1/decisions/stream` as it arrives, decision by decision, so that neither the text nor the
 * parsed document is ever held whole.
 */
export class BatchReader {
  readonly #kind: Batch['kind'];
  readonly #decisions = new DecisionColumns();
  readonly #deletedIds: number[] = [];
  readonly #rejects = new Map<RejectReason, RejectCount>();
  readonly #reader: JsonReader;

  /** @param receivedAt monotonic milliseconds at which LAPI began to answer. */
  constructor(kind: Batch['kind'], receivedAt: number) {
    this.#kind = kind;
    this.#reader = new JsonReader(['$.new.*', '$.deleted.*'], ({ value, stack }) =>
      // An element's list is named by the frame below it.
      this.#element(stack[1]?.key, value, receivedAt),
    );
  }

  /** @throws Error where the text stops being JSON. */
  write(chunk: Uint8Array): void {
    this.#reader.write(chunk);
  }

  /** @throws Error when the document is not whole, or not the stream's: nothing of it may be used then. */
  finish(): Batch {
    if (!this.#reader.isWhole) throw new Error('the reply ends in the middle of its JSON');
    const isStream = this.#hasList('new') && (this.#kind === 'full' || this.#hasList('deleted'));
    if (!isStream) throw new Error('the reply is JSON, but not an object with the lists "new" and "deleted"');
    return { kind: this.#kind, decisions: this.#decisions, deletedIds: this.#deletedIds, rejects: this.#rejects };
  }

  /** Neither `{}` nor `{"message":"new"}` may read as "no decisions"; Go writes an empty list as null, too. */
  #hasList(name: string): boolean {
    const beginning = this.#reader.beginningOf(name);
    return beginning === TokenType.LEFT_BRACKET || beginning === TokenType.NULL;
  }

  #element(list: unknown, value: unknown, receivedAt: number): void {
    if (list === 'new') this.#add(value, receivedAt);
    else if (this.#kind === 'delta') {
      const id = decodeDeletedId(value);
      if (id !== undefined) this.#deletedIds.push(id);
      else this.#reject('bad_id', 'a deletion without a usable id');
    }
  }

  #add(raw: unknown, receivedAt: number): void {
    const decoded = decodeDecision(raw, receivedAt);
    if (decoded.kind === 'decision') this.#decisions.add(decoded.decision);
    else this.#reject(decoded.reason, decoded.sample);
  }

  #reject(reason: RejectReason, sample: string): void {
    const count = (this.#rejects.get(reason)?.count ?? 0) + 1;
    this.#rejects.set(reason, { count, sample });
  }
}
