/** How often something was looked at, as one curve: did it go on growing once it was warm? */
export interface Figure {
  readonly name: string;
  readonly unit: '' | 'MB';
  /** After warming up it may grow by at most so much; undefined: shown, and not judged. */
  readonly mayGrowBy: number | undefined;
  readonly samples: readonly Sample[];
}

export interface Sample {
  readonly atMs: number;
  readonly value: number;
}

export interface Growth {
  readonly start: number;
  /** Medians of the first and of the last quarter after warming up: one odd sample decides nothing. */
  readonly warm: number;
  readonly end: number;
  /** Least squares after warming up, in units an hour. */
  readonly perHour: number;
  readonly isFine: boolean;
}

/** This share of the samples is for warming up: caches fill, code is compiled, pools reach their size. */
const WARM_UP = 0.4;
const FEWEST = 10;
const HOUR_MS = 3_600_000;

export function growthOf({ name, samples, mayGrowBy = Infinity }: Figure): Growth {
  const warm = samples.slice(Math.floor(samples.length * WARM_UP));
  if (warm.length < FEWEST)
    throw new Error(`${name} was looked at too rarely to say anything: ${samples.length} times`);
  const quarter = Math.ceil(warm.length / 4);
  const first = median(warm.slice(0, quarter));
  const last = median(warm.slice(-quarter));
  const isFine = last - first <= mayGrowBy;
  return { start: samples[0]!.value, warm: first, end: last, perHour: slope(warm) * HOUR_MS, isFine };
}

function median(samples: readonly Sample[]): number {
  const sorted = samples.map(({ value }) => value).sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/** Units a millisecond. */
function slope(samples: readonly Sample[]): number {
  const mean = (of: (sample: Sample) => number) => samples.reduce((sum, one) => sum + of(one), 0) / samples.length;
  const atMean = mean(({ atMs }) => atMs);
  const valueMean = mean(({ value }) => value);
  const spread = mean(({ atMs }) => (atMs - atMean) ** 2);
  return spread === 0 ? 0 : mean(({ atMs, value }) => (atMs - atMean) * (value - valueMean)) / spread;
}
