import type { Desired } from '../../bouncer/enforce/desired.ts';

/** The first wish, for no rules at all, but for `changes`. */
export function fakeDesired(changes: Partial<Desired> = {}): Desired {
  return { version: 1, wishVersion: 1, ruleset: undefined, change: undefined, addOnly: false, ...changes };
}
