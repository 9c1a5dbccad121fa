import type { CaddyVersion } from '../../support/servers.ts';
import type { Row } from './row.ts';

/** What a section may use. */
export interface BenchContext {
  /** Fewer rounds and smaller sets: to see that everything works, not to compare. */
  readonly quick: boolean;
  readonly caddyVersions: readonly CaddyVersion[];
  /** Shown while it runs. */
  readonly doing: (what: string) => void;
  /** Something that runs until the section ends: stopped then, and on Ctrl-C, last started first. */
  readonly also: <T extends { stop(): Promise<void> }>(started: T) => T;
}

export interface Section {
  /** For `--only`. */
  readonly name: string;
  readonly title: string;
  /** Left out of `--quick` unless named: it cannot be made short. */
  readonly isLong?: boolean;
  run(context: BenchContext): Promise<Row[]>;
}
