/** On what terms this process may pull. */
export interface PullTerms {
  /** Names the lease it pulls under, of which there is one in a fleet; undefined where there is none to be had. */
  readonly lease: string | undefined;
  /**
   * Somebody else may be pulling with the same key, and each pull moves what LAPI tells the next one: a delta may lack
   * what went there. Only whole replies can be relied on.
   */
  readonly isShared: boolean;
}

/** LAPI keeps one position for one key, so in a fleet one process pulls. */
export interface PullRight {
  /** Undefined while another process pulls. */
  terms(): Promise<PullTerms | undefined>;
  /** A pull has ended, whatever came of it. */
  pulled(): void;
}
