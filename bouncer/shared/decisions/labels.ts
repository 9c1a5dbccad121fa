import type { Decision } from '../domain/decision.ts';
import type { Family } from '../net/prefix.ts';

/** What a hundred thousand decisions share: a handful of labels is all that they have between them. */
export type Label = Pick<Decision, 'origin' | 'scenario' | 'type'>;

interface LabelInUse extends Label {
  /** How many decisions have it, by family. */
  readonly count: Record<Family, number>;
}

/** Labels by number, each kept once and for as long as a decision has it. */
export class Labels {
  readonly #inUse: (LabelInUse | undefined)[] = [];
  readonly #free: number[] = [];
  /** By type, origin and scenario: a key of all three would be a new string for each decision. */
  readonly #numbers = new Map<string, Map<string, Map<string, number>>>();

  /** One more decision has this label. @returns its number. */
  take(label: Label, family: Family): number {
    const scenarios = entry(entry(this.#numbers, label.type), label.origin);
    let number = scenarios.get(label.scenario);
    if (number === undefined) {
      number = this.#free.pop() ?? this.#inUse.length;
      const { origin, scenario, type } = label;
      this.#inUse[number] = { origin, scenario, type, count: { 4: 0, 6: 0 } };
      scenarios.set(scenario, number);
    }
    this.#at(number).count[family]++;
    return number;
  }

  /** One less has it. */
  release(number: number, family: Family): void {
    const { origin, scenario, type, count } = this.#at(number);
    count[family]--;
    if (count[4] + count[6] > 0) return;
    this.#inUse[number] = undefined;
    this.#free.push(number);
    // Types and origins stay: there are few of them, whatever comes and goes.
    entry(entry(this.#numbers, type), origin).delete(scenario);
  }

  at(number: number): Label {
    return this.#at(number);
  }

  *[Symbol.iterator](): Generator<Readonly<LabelInUse>, void, undefined> {
    for (const label of this.#inUse) if (label !== undefined) yield label;
  }

  #at(number: number): LabelInUse {
    const label = this.#inUse[number];
    if (label === undefined) throw new Error(`no decision has label ${number}`);
    return label;
  }
}

function entry<Value>(map: Map<string, Map<string, Value>>, key: string): Map<string, Value> {
  let found = map.get(key);
  if (found === undefined) map.set(key, (found = new Map<string, Value>()));
  return found;
}
