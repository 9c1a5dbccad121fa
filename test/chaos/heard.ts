import type { Presence } from './presence.ts';
import { HEARD, type Outage, type Part } from './step.ts';

/** Where LAPI's words come from. */
export const LAPI_PARTS: readonly Part[] = ['LAPI', 'way to LAPI'];

/** Keeps the record of whether the bouncer has heard all of LAPI since its last start. */
export class Heard {
  readonly #presence: Presence;
  readonly #windowMs: number;
  #since = -Infinity;
  #isHeard = true;
  /** Really gone now: the record has LAPI's parts gone for longer, until they were surely noticed. */
  readonly #away = new Set<Part>();

  /** @param windowMs how long a first pull may take: when LAPI goes sooner, it may never have ended. */
  constructor(presence: Presence, windowMs: number) {
    this.#presence = presence;
    this.#windowMs = windowMs;
  }

  gone({ part, fault }: Outage, at: number): void {
    this.#away.add(part);
    if (!this.#isHeard) return;
    const isEnded = part === 'bouncer' && fault !== 'pause';
    const isTooSoon = LAPI_PARTS.includes(part) && at < this.#since + this.#windowMs;
    if (!isEnded && !isTooSoon) return;
    this.#isHeard = false;
    this.#presence.gone(HEARD, at);
  }

  /** @param at when the others will have noticed that a part is back. */
  back(part: Part, at: number): void {
    this.#away.delete(part);
    const parts: readonly Part[] = ['bouncer', ...LAPI_PARTS];
    if (this.#isHeard || parts.some((part) => this.#away.has(part))) return;
    this.#isHeard = true;
    this.#since = at;
    this.#presence.back(HEARD, at);
  }
}
