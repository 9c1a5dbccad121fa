import type { Change, Oracle } from './oracle.ts';
import type { Presence } from './presence.ts';
import { LAPI_PARTS } from './heard.ts';

/** What was on its way to Caddy when the bouncer ended has arrived after this, or never will. */
const AT_REST_MS = 1_500;

/** A change that LAPI tells of, and none of ours. */
export function isToldByLapi({ needs }: Change): boolean {
  return needs.includes('LAPI');
}

/** What can change an answer while the bouncer knows nothing new; what runs out waits for LAPI, too. */
function isDoneByOthers(change: Change): boolean {
  return !isToldByLapi(change) && !change.isExpiry;
}

/**
 * A bouncer that starts while LAPI is silent has only a snapshot, which may be older than what Caddy and the lane hold.
 * So from its end until LAPI speaks each client is answered as before, unless somebody else changed something.
 */
export class Stillness {
  readonly #oracle: Oracle;
  readonly #presence: Presence;
  #endedAt = Infinity;
  #startedAt = Infinity;
  readonly #before = new Map<string, boolean>();
  /** Answers that were held to one from before. */
  checked = 0;

  constructor(oracle: Oracle, presence: Presence) {
    this.#oracle = oracle;
    this.#presence = presence;
  }

  /** The bouncer has ended; LAPI is silent, or will be before the next start. */
  ended(at: number): void {
    this.#before.clear();
    this.#endedAt = at;
    this.#startedAt = Infinity;
  }

  /** The bouncer is about to be started. */
  starts(at: number): void {
    if (LAPI_PARTS.some((part) => this.#presence.isGone(part, at))) this.#startedAt = at;
    else this.over();
  }

  /** LAPI is about to speak. */
  over(): void {
    this.#endedAt = this.#startedAt = Infinity;
  }

  /** @returns whether this answer disagrees with the one from before, and nobody has changed anything. */
  isBroken(client: string, isBlocked: boolean, sentAt: number, answeredAt: number): boolean {
    if (answeredAt < this.#startedAt) {
      if (this.#isAtRest(sentAt)) this.#before.set(client, isBlocked);
      return false;
    }
    const before = this.#before.get(client);
    if (sentAt < this.#startedAt || before === undefined) return false;
    this.checked++;
    return before !== isBlocked && !this.#oracle.isStirred(client, this.#startedAt, answeredAt, isDoneByOthers);
  }

  #isAtRest(sentAt: number): boolean {
    return this.#presence.together(['Caddy', 'way to Caddy'], this.#endedAt, sentAt) >= AT_REST_MS;
  }
}
