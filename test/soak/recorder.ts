import type { Figure, Sample } from './figure.ts';

/** What one look yields: a value by the name of its figure. */
export type Look = Readonly<Record<string, number>>;

export interface Bound {
  readonly unit: Figure['unit'];
  readonly mayGrowBy: number | undefined;
}

/** Collects looks into figures. A figure without a bound of its own is shown, and not judged. */
export class Recorder {
  readonly #bounds: Readonly<Record<string, Bound>>;
  readonly #samples = new Map<string, Sample[]>();
  readonly #now: () => number;

  /** @param now monotonic milliseconds; a fast clock's, where hours are those of that clock. */
  constructor(bounds: Readonly<Record<string, Bound>>, now = () => performance.now()) {
    this.#bounds = bounds;
    this.#now = now;
  }

  record(look: Look): void {
    const atMs = this.#now();
    for (const [name, value] of Object.entries(look)) {
      const samples = this.#samples.get(name) ?? [];
      samples.push({ atMs, value });
      this.#samples.set(name, samples);
    }
  }

  get figures(): readonly Figure[] {
    return [...this.#samples].map(([name, samples]) => {
      const { unit, mayGrowBy } = this.#bounds[name] ?? { unit: '', mayGrowBy: undefined };
      return { name, unit, mayGrowBy, samples };
    });
  }
}
