/** One figure of the table. */
export interface Row {
  readonly name: string;
  readonly value: number;
  readonly unit: Unit;
  /** What the value itself should be. */
  readonly targets?: readonly Target[];
  /** The same against something else, measured in turns within one run: steadier than the value. */
  readonly ratios?: readonly Ratio[];
  /** How it was measured, or what else was seen: a few words. */
  readonly detail?: string;
  /** More numbers for the JSON file. */
  readonly figures?: Readonly<Record<string, number | readonly number[]>>;
}

export type Unit = 'ms' | 's' | 'µs' | 'MB' | 'KB' | '/s' | 'bytes/prefix' | 'reloads' | '×';

export interface Ratio {
  /** What it is compared with: `no rules`. */
  readonly to: string;
  readonly times: number;
  readonly target?: Target;
}

export interface Target {
  readonly kind: 'at_most' | 'at_least';
  readonly limit: number;
}

export const atMost = (limit: number): Target => ({ kind: 'at_most', limit });
export const atLeast = (limit: number): Target => ({ kind: 'at_least', limit });

export function isReached(value: number, { kind, limit }: Target): boolean {
  return kind === 'at_most' ? value <= limit : value >= limit;
}
