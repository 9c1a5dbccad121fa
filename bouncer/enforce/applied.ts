import type { CaddyStatus } from '../shared/domain/status.ts';
import type { Desired } from './desired.ts';
import type { Held } from './held.ts';

type AppliedStatus = Pick<
  CaddyStatus,
  'revision' | 'change' | 'servers' | 'entries' | 'version' | 'warnings' | 'sites' | 'refused'
>;

const KEPT =
  'LAPI has not told all decisions since the bouncer started, so the rules stay as they are; switching protection off still works at once';

/** What one Caddy was last seen to hold, and which wish that came from. */
export class Applied {
  #held: Held | undefined;
  #version = 0;
  #wish = 0;
  #isComplete = false;
  #change: string | undefined;
  #pushed: Desired | undefined;

  /** The wish that it fulfils, with the lane's help. */
  get version(): number {
    return this.#version;
  }

  /** The settings and allowlist that its rules follow. */
  get wish(): number {
    return this.#wish;
  }

  /** Whether its rules were a complete set, and follow the settings and the allowlist of this wish. */
  follows(desired: Desired | undefined): boolean {
    return this.#isComplete && this.#wish === desired?.wishVersion;
  }

  /** What the compiled rules were made from; the lane holds the difference. */
  get pushed(): Desired | undefined {
    return this.#pushed;
  }

  /** Why it does not follow the wish, although it was reached and took everything. */
  get trouble(): string | undefined {
    return this.#held?.isKept === true ? KEPT : undefined;
  }

  get entriesByKind(): Held['byKind'] {
    return this.#held?.byKind ?? { address: 0, range: 0, exception: 0 };
  }

  get status(): AppliedStatus {
    const { revision, servers = 0, entries = 0, version, warnings = [], sites = [], refused = [] } = this.#held ?? {};
    return {
      revision,
      change: this.#change,
      servers,
      entries,
      version,
      warnings: [...warnings],
      sites: [...sites],
      refused: [...refused],
    };
  }

  /**
   * It was read back to hold the rules of this wish.
   * @param isKept whether the lane needs what they were made from, which is large.
   */
  took(desired: Desired, held: Held, isKept: boolean): void {
    this.#version = desired.version;
    this.#wish = desired.wishVersion;
    this.#isComplete = !desired.addOnly;
    this.#change = held.isKept ? undefined : desired.change;
    if (isKept) this.#pushed = desired;
    this.#held = held;
  }

  /** The lane brought it to this wish. */
  reached({ version }: Desired): void {
    this.#version = version;
  }

  /** It holds nothing that we know of. */
  lost(): void {
    this.#version = this.#wish = 0;
  }
}
