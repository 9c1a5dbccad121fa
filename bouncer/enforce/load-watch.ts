import type { CaddyAdmin } from '../../caddy/admin-client.ts';
import type { AdminFailure } from '../../caddy/admin-result.ts';
import type { Clock } from '../shared/runtime/clock.ts';

export type Presence =
  | { readonly kind: 'in_place' | 'drifted' }
  /** All that was looked at is there, in a config that somebody else had Caddy load: there may be more to protect. */
  | { readonly kind: 'in_place_anew' }
  | { readonly kind: 'unreachable'; readonly message: string };

/** One that does not tell may be replaced by one that does; asked in vain, it costs as much as a look. */
const ASK_AGAIN_MS = 60_000;

/**
 * Whether anybody had Caddy load a config since it was last found as it should be. Most looks end with this question:
 * unlike every other call of the admin API, Caddy does not write it to its log.
 */
export class LoadWatch {
  readonly #admin: CaddyAdmin;
  readonly #clock: Clock;
  /** The load after which all was in place. It was asked for before that look, so what came later differs from it. */
  #good: string | undefined;
  #askAt = -Infinity;

  constructor(admin: CaddyAdmin, clock: Clock) {
    this.#admin = admin;
    this.#clock = clock;
  }

  /** Runs `look`, unless nothing was loaded since it last found everything in place. */
  async unlessSame(look: () => Promise<Presence>): Promise<Presence> {
    const load = await this.#ask();
    if (typeof load === 'object') return load;
    if (load !== undefined && load === this.#good) return { kind: 'in_place' };
    const presence = await look();
    if (presence.kind !== 'in_place') {
      this.#good = undefined;
      return presence;
    }
    const isAnew = load !== undefined && this.#good !== undefined;
    this.#good = load;
    return isAnew ? { kind: 'in_place_anew' } : presence;
  }

  /** Something else is expected from now on. */
  expectAnew(): void {
    this.#good = undefined;
  }

  /** It may be another Caddy from now on. */
  forget(): void {
    this.expectAnew();
    this.#askAt = -Infinity;
  }

  async #ask(): Promise<string | undefined | Extract<AdminFailure, { kind: 'unreachable' }>> {
    if (this.#clock.monotonic() < this.#askAt) return undefined;
    const asked = await this.#admin.lastLoad();
    if (asked.kind === 'unreachable') return asked;
    const load = asked.kind === 'ok' ? asked.value : undefined;
    if (load === undefined) this.#askAt = this.#clock.monotonic() + ASK_AGAIN_MS;
    return load;
  }
}
