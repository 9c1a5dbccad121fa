import type { Decision } from '../domain/decision.ts';

/** Decisions one after the other, as in an array; those of a large list are made when they are asked for. */
export interface DecisionList extends Iterable<Decision> {
  readonly length: number;
  at(index: number): Decision | undefined;
}

/** Those of a list that are wanted, each asked about once; the list itself, when all are. Nothing is copied. */
export function pick(decisions: DecisionList, isWanted: (decision: Decision) => boolean): DecisionList {
  const places = new Uint32Array(decisions.length);
  let count = 0;
  let place = 0;
  for (const decision of decisions) {
    if (isWanted(decision)) places[count++] = place;
    place++;
  }
  return count === decisions.length ? decisions : new PickedList(decisions, places.slice(0, count));
}

class PickedList implements DecisionList {
  readonly #decisions: DecisionList;
  readonly #places: Uint32Array;

  constructor(decisions: DecisionList, places: Uint32Array) {
    this.#decisions = decisions;
    this.#places = places;
  }

  get length(): number {
    return this.#places.length;
  }

  at(index: number): Decision | undefined {
    const place = this.#places.at(index);
    return place === undefined ? undefined : this.#decisions.at(place);
  }

  *[Symbol.iterator](): Generator<Decision, void, undefined> {
    for (const place of this.#places) {
      const decision = this.#decisions.at(place);
      if (decision !== undefined) yield decision;
    }
  }
}
