import type { RulesMark } from '../../caddy/managed-id.ts';
import type { BouncerStatus } from '../shared/domain/status.ts';
import type { Clock } from '../shared/runtime/clock.ts';

/** Another bouncer's rules were replaced this often within the window: it is alive, and puts them back. */
const REPLACED = { times: 3, windowMs: 60_000 };
/** For so long the Caddy is left to the other one then; doubled each time. */
const STAND_DOWN = { firstMs: 60_000, longestMs: 600_000 };
/** A bouncer that is alive, but says nothing of these rules for so long, does not look after this Caddy any more. */
const UNCLAIMED_MS = 10_000;

interface OwnershipParts {
  /** This bouncer's id, as it stands in the rules that it writes. */
  readonly id: string;
  /** What another bouncer says of itself; undefined when it is not alive, or nobody can know. */
  readonly statusOf: (id: string) => Promise<BouncerStatus | undefined>;
  readonly clock: Clock;
}

/**
 * Whose a Caddy is, when two bouncers are told to look after it. One of them gives way, so that Caddy is not reloaded
 * without end: the one that finds the other's rules in place while that one is alive. Rules whose owner is gone, and
 * those of an older version, which name none, are taken over.
 */
export class Ownership {
  readonly #parts: OwnershipParts;
  #replacedAt: number[] = [];
  #standDowns = 0;
  #until = -Infinity;
  #unclaimedSince: number | undefined;

  constructor(parts: OwnershipParts) {
    this.#parts = parts;
  }

  get id(): string {
    return this.#parts.id;
  }

  /** Asks before rules are written over these. @returns why they are to be left alone. */
  async refusal(found: readonly RulesMark[]): Promise<string | undefined> {
    const { id, statusOf, clock } = this.#parts;
    const foreign = found.find(({ owner }) => owner !== undefined && owner !== id);
    if (foreign?.owner === undefined) {
      this.#unclaimedSince = undefined;
      return undefined;
    }
    const { owner, revision } = foreign;
    if (clock.monotonic() < this.#until) return this.#contested(owner);
    const status = await statusOf(owner);
    if (status !== undefined && this.#isClaimed(status, revision)) return this.#taken(owner);
    if (!this.#isContested) return undefined;
    this.#standDown();
    return this.#contested(owner);
  }

  /** Rules were written over these. */
  replaced(found: readonly RulesMark[]): void {
    if (found.every(({ owner }) => owner === undefined || owner === this.#parts.id)) return;
    this.#replacedAt.push(this.#parts.clock.monotonic());
  }

  /** An address says nothing here, since each machine has a loopback of its own; a revision does. */
  #isClaimed({ caddies }: BouncerStatus, revision: string): boolean {
    const now = this.#parts.clock.monotonic();
    const isClaimed = caddies.some((caddy) => caddy.revision?.split('+').includes(revision) === true);
    this.#unclaimedSince = isClaimed ? undefined : (this.#unclaimedSince ?? now);
    return this.#unclaimedSince === undefined || now - this.#unclaimedSince < UNCLAIMED_MS;
  }

  get #isContested(): boolean {
    const since = this.#parts.clock.monotonic() - REPLACED.windowMs;
    this.#replacedAt = this.#replacedAt.filter((at) => at > since);
    // After a first fight, one look whether it goes on is enough.
    return this.#replacedAt.length >= (this.#standDowns > 0 ? 1 : REPLACED.times);
  }

  #standDown(): void {
    const pauseMs = Math.min(STAND_DOWN.longestMs, STAND_DOWN.firstMs * 2 ** this.#standDowns);
    this.#until = this.#parts.clock.monotonic() + pauseMs;
    this.#standDowns++;
    this.#replacedAt = [];
  }

  #taken(owner: string): string {
    return `bouncer "${owner}" looks after this Caddy, and its rules stay: take this Caddy out of CADDY_ADMIN of "${owner}" or of "${this.id}"`;
  }

  #contested(owner: string): string {
    return `bouncer "${owner}" keeps putting its own rules back, so this Caddy is left to it: take it out of CADDY_ADMIN of "${owner}" or of "${this.id}"; until then one attempt is made every few minutes`;
  }
}
