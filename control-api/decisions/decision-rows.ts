import type { Decision } from '../../bouncer/shared/domain/decision.ts';
import { type Family, formatPrefix, type Prefix } from '../../bouncer/shared/net/prefix.ts';
import { prefixWords, readPrefix } from '../../bouncer/shared/net/read-prefix.ts';
import type { Clock } from '../../bouncer/shared/runtime/clock.ts';
import { Dictionary } from './dictionary.ts';
import type { Place, PlaceFinder } from './places.ts';

/** What many decisions share. */
export interface Cause {
  readonly origin: string;
  readonly scenario: string;
  readonly type: string;
}

/** One decision, read out of the columns. */
export interface DecisionRow extends Cause, Place {
  readonly id: number;
  readonly value: Prefix;
  readonly scope: 'Ip' | 'Range';
  /** Milliseconds since the Unix epoch. */
  readonly until: number;
}

const FIRST_CAPACITY = 1_024;

/** A place that was not looked up yet. */
const UNKNOWN_PLACE: Place = { country: null, as_name: null };

/** `shapes` keeps family and length in one number: `0x400 | 24`, `0x600 | 48`. */
const SHAPE_LENGTH = 0xff;

/**
 * Live decisions as columns: some forty bytes a row instead of an object and its strings, so that a million fit, and a
 * filter over all of them is a walk along typed arrays. Rows have no fixed place: the last one fills a gap.
 */
export class DecisionRows {
  ids = new Float64Array(FIRST_CAPACITY);
  /** Milliseconds since the Unix epoch. */
  until = new Float64Array(FIRST_CAPACITY);
  /** Four a row; IPv4 uses the first. */
  words = new Uint32Array(4 * FIRST_CAPACITY);
  shapes = new Uint16Array(FIRST_CAPACITY);
  /** Which of `causes`, and which of `places`. */
  cause = new Uint32Array(FIRST_CAPACITY);
  place = new Uint32Array(FIRST_CAPACITY);
  readonly causes = new Dictionary<Cause>(({ origin, scenario, type }) => `${origin}\n${type}\n${scenario}`);
  /** The first is that of rows that were not looked up yet. */
  readonly places = new Dictionary<Place>(({ country, as_name }) => `${country ?? ''}\n${as_name ?? ''}`);
  readonly #slots = new Map<number, number>();
  #size = 0;
  /** No row before this slot waits for its place. */
  #placedTo = 0;
  #nextExpiry = Number.POSITIVE_INFINITY;
  #lastCause: (Cause & { readonly index: number }) | undefined;

  constructor() {
    this.places.indexOf(UNKNOWN_PLACE);
  }

  get size(): number {
    return this.#size;
  }

  slotOf(id: number): number | undefined {
    return this.#slots.get(id);
  }

  /** Adds a decision, or replaces the one with its id. */
  put(decision: Decision, offset: number): void {
    if (!readPrefix(decision.prefix, read)) return; // a prefix always reads: its type says so
    const slot = this.#slots.get(decision.id) ?? this.#append(decision.id);
    const until = decision.expiresAt + offset;
    this.until[slot] = until;
    this.words.set(read.words.subarray(0, 4), 4 * slot);
    this.shapes[slot] = (read.family << 8) | read.length;
    this.cause[slot] = this.#causeOf(decision);
    this.place[slot] = 0;
    this.#placedTo = Math.min(this.#placedTo, slot);
    this.#nextExpiry = Math.min(this.#nextExpiry, until);
  }

  remove(id: number): boolean {
    const slot = this.#slots.get(id);
    if (slot === undefined) return false;
    this.#slots.delete(id);
    const last = --this.#size;
    if (slot !== last) this.#move(last, slot);
    return true;
  }

  /** Drops what has run out. @returns how many did. */
  expire(now: number): number {
    if (now < this.#nextExpiry) return 0;
    const before = this.#size;
    let next = Number.POSITIVE_INFINITY;
    for (let slot = this.#size - 1; slot >= 0; slot--) {
      const until = this.until[slot] ?? 0;
      if (until <= now) this.remove(this.ids[slot] ?? -1);
      else if (until < next) next = until;
    }
    this.#nextExpiry = next;
    return before - this.#size;
  }

  /** Looks up where addresses are, for at most `budgetMs`. @returns whether every row has its place now. */
  locate(finder: PlaceFinder, budgetMs: number): boolean {
    const deadline = performance.now() + budgetMs;
    while (this.#placedTo < this.#size) {
      const slot = this.#placedTo++;
      if (this.place[slot] === 0) this.place[slot] = this.places.indexOf(finder.find(this.firstAddress(slot)));
      if (slot % 64 === 0 && performance.now() > deadline) break;
    }
    return this.#placedTo >= this.#size;
  }

  get isLocated(): boolean {
    return this.#placedTo >= this.#size;
  }

  family(slot: number): Family {
    return (this.shapes[slot] ?? 0) >> 8 === 4 ? 4 : 6;
  }

  prefixLength(slot: number): number {
    return (this.shapes[slot] ?? 0) & SHAPE_LENGTH;
  }

  isAddress(slot: number): boolean {
    const shape = this.shapes[slot];
    return shape === ADDRESS_SHAPES[4] || shape === ADDRESS_SHAPES[6];
  }

  value(slot: number): Prefix {
    return this.#text(slot, this.prefixLength(slot));
  }

  firstAddress(slot: number): Prefix {
    return this.#text(slot, this.family(slot) === 4 ? 32 : 128);
  }

  row(slot: number): DecisionRow {
    return {
      id: this.ids[slot] ?? 0,
      value: this.value(slot),
      scope: this.isAddress(slot) ? 'Ip' : 'Range',
      until: this.until[slot] ?? 0,
      ...this.causes.at(this.cause[slot] ?? 0),
      ...this.places.at(this.place[slot] ?? 0),
    };
  }

  #text(slot: number, length: number): Prefix {
    const text = formatPrefix(this.family(slot), this.words.subarray(4 * slot, 4 * slot + 4), length);
    if (text === undefined) throw new TypeError(`row ${slot} holds no prefix`);
    return text;
  }

  #append(id: number): number {
    const slot = this.#size++;
    if (slot === this.ids.length) this.#grow();
    this.#slots.set(id, slot);
    this.ids[slot] = id;
    return slot;
  }

  #move(from: number, to: number): void {
    this.ids.copyWithin(to, from, from + 1);
    this.until.copyWithin(to, from, from + 1);
    this.words.copyWithin(4 * to, 4 * from, 4 * from + 4);
    this.shapes.copyWithin(to, from, from + 1);
    this.cause.copyWithin(to, from, from + 1);
    this.place.copyWithin(to, from, from + 1);
    this.#slots.set(this.ids[to] ?? -1, to);
    this.#placedTo = Math.min(this.#placedTo, to);
  }

  #grow(): void {
    const capacity = 2 * this.ids.length;
    this.ids = copied(this.ids, new Float64Array(capacity));
    this.until = copied(this.until, new Float64Array(capacity));
    this.words = copied(this.words, new Uint32Array(4 * capacity));
    this.shapes = copied(this.shapes, new Uint16Array(capacity));
    this.cause = copied(this.cause, new Uint32Array(capacity));
    this.place = copied(this.place, new Uint32Array(capacity));
  }

  /** A snapshot is grouped by cause: nearly every decision has that of the one before. */
  #causeOf({ origin, scenario, type }: Decision): number {
    const last = this.#lastCause;
    if (last?.scenario === scenario && last.origin === origin && last.type === type) return last.index;
    const cause = { origin, scenario, type };
    this.#lastCause = { ...cause, index: this.causes.indexOf(cause) };
    return this.#lastCause.index;
  }
}

export const ADDRESS_SHAPES = { 4: 0x420, 6: 0x680 } as const;

const read = prefixWords();

function copied<Column extends { set(from: Column): void }>(from: Column, into: Column): Column {
  into.set(from);
  return into;
}

/** Decisions count on a clock that starts with the process; rows say when they end. */
export function wallOffset(clock: Clock): number {
  return clock.wall() - clock.monotonic();
}
