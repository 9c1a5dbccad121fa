/**
 * What Caddy may answer, from nothing but what was asked of the stack and when.
 *
 * Everything that holds for some time is a fact: a ban, an allowlist entry, "protection is off", "the user's reload
 * took our rules out". A fact begins and ends by changes. A change travels through some of the parts, and is due when
 * all of those were there together for the window: until then Caddy may answer as before it or as after it, and from
 * then on only as after it. So an answer is wrong only if it disagrees with every state that was true within the
 * window before it, or within the time for which a part was gone.
 */
import type { BlockList } from 'node:net';
import { blockListOf, isListed } from '../support/block-list.ts';
import type { Presence } from './presence.ts';
import type { Need } from './step.ts';

/** Values that are no address: what spares everybody. */
const EVERYBODY = ['protection is off', 'policy monitor', 'no rules in Caddy'] as const;
export type Everybody = (typeof EVERYBODY)[number];

export interface Change {
  readonly kind: string;
  /** When it could take effect at the earliest, and when the stack had said that it took it. */
  readonly from: number;
  to: number;
  /** What it travels through on its way to Caddy. */
  readonly needs: readonly Need[];
  /** A time that runs out, and nothing that somebody did. */
  readonly isExpiry?: boolean;
  /** Somebody was told that Caddy follows: then it is due at once. */
  isConfirmed?: boolean;
}

export interface Fact {
  readonly effect: 'block' | 'spare';
  readonly value: string;
  /** Undefined: everybody. */
  readonly covers: BlockList | undefined;
  readonly begins: Change;
  /** Whichever comes first ends it. */
  readonly ends: Change[];
}

export interface Judgement {
  readonly mayBeBlocked: boolean;
  readonly mayBeServed: boolean;
}

/** An answer that was right before a change, and how long the change had had. */
export interface Lag {
  readonly kind: string;
  readonly ms: number;
}

/** Facts that ended are kept this long, for answers on their way and for the history of a wrong one. */
const KEPT_MS = 120_000;

export class Oracle {
  readonly #windowMs: number;
  readonly #presence: Presence;
  #facts: Fact[] = [];

  constructor(windowMs: number, presence: Presence) {
    this.#windowMs = windowMs;
    this.#presence = presence;
  }

  begin(effect: Fact['effect'], value: string, begins: Change, ...ends: Change[]): Fact {
    const covers = EVERYBODY.some((name) => name === value) ? undefined : blockListOf([value]);
    const fact: Fact = { effect, value, covers, begins, ends };
    this.#facts = this.#facts.filter((old) => !old.ends.some((end) => this.#isDue(end, begins.from - KEPT_MS)));
    this.#facts.push(fact);
    return fact;
  }

  /** Ends every fact of this kind on exactly this value. */
  end(effect: Fact['effect'], value: string, change: Change): void {
    for (const fact of this.#facts) if (fact.effect === effect && fact.value === value) fact.ends.push(change);
  }

  /** What may be answered to a request that was sent and answered at these times. */
  judge(client: string, sentAt: number, answeredAt: number): Judgement {
    const facts = this.#covering(client);
    const isSure = ({ begins, ends }: Fact) =>
      this.#isDue(begins, sentAt) && ends.every(({ from }) => answeredAt <= from);
    const isPossible = ({ begins, ends }: Fact) =>
      begins.from <= answeredAt && !ends.some((end) => this.#isDue(end, sentAt));
    const some = (effect: Fact['effect'], test: (fact: Fact) => boolean) =>
      facts.some((fact) => fact.effect === effect && test(fact));
    return {
      mayBeBlocked: some('block', isPossible) && !some('spare', isSure),
      mayBeServed: !some('block', isSure) || some('spare', isPossible),
    };
  }

  /**
   * What an answer is late with: undefined when it is not. Of several changes that may be why, the one that had the
   * least time, so it is never said to be later than it was.
   */
  lag(client: string, isBlocked: boolean, sentAt: number): Lag | undefined {
    const facts = this.#covering(client);
    if (isBlockedWithout(undefined, facts, sentAt) === isBlocked) return undefined;
    const changes = new Set(facts.flatMap(({ begins, ends }) => [begins, ...ends]));
    const lags = [...changes]
      .filter((change) => change.from <= sentAt && !this.#isDue(change, sentAt))
      .filter((change) => isBlockedWithout(change, facts, sentAt) === isBlocked)
      .map(({ kind, needs, to }) => ({ kind, ms: this.#presence.together(needs, to, sentAt) }));
    return lags.sort((a, b) => a.ms - b.ms)[0];
  }

  /** Whether something of these kinds happened since, or was still to show then, that may change this client's answer. */
  isStirred(client: string, since: number, until: number, isOfKind: (change: Change) => boolean): boolean {
    const changes = this.#covering(client).flatMap(({ begins, ends }) => [begins, ...ends]);
    return changes.some((change) => isOfKind(change) && change.from <= until && !this.#isDue(change, since));
  }

  /** Whether this may be so at this time, and may not. */
  isUnsure(value: Everybody, at: number): boolean {
    return this.#facts.some(({ value: of, ends }) => of === value && !ends.some((end) => this.#isDue(end, at)));
  }

  /** What began or ended since may be forgotten, until the change is due: then it is known again. */
  doubt(since: number, isOfKind: (change: Change) => boolean, change: Change): void {
    const isYoung = (one: Change) => isOfKind(one) && one.to > since;
    const known = this.#facts.filter(({ begins, ends }) => !ends.includes(begins)); // and no doubts about doubts
    for (const { effect, value, begins, ends } of known) {
      if (isYoung(begins)) this.begin(effect === 'block' ? 'spare' : 'block', value, change, change);
      if (ends.some(isYoung)) this.begin(effect, value, change, change);
    }
  }

  /** What was said about this client and still counted at that time, oldest first. */
  history(client: string, since: number): readonly Fact[] {
    return this.#covering(client).filter(({ ends }) => !ends.some((end) => this.#isDue(end, since)));
  }

  #covering(client: string): Fact[] {
    return this.#facts.filter(({ covers }) => covers === undefined || isListed(covers, client));
  }

  #isDue({ to, needs, isConfirmed = false }: Change, at: number): boolean {
    return to <= at && (isConfirmed || this.#presence.together(needs, to, at) >= this.#windowMs);
  }
}

/** Whether a client of these facts is blocked at a time, if one of the changes had not come through yet. */
function isBlockedWithout(late: Change | undefined, facts: readonly Fact[], at: number): boolean {
  const isNow = ({ begins, ends }: Fact) => {
    if (begins === late) return ends.includes(begins); // one that is over when it is through
    return begins.to <= at && !ends.some((end) => end !== late && end.to <= at);
  };
  const now = facts.filter(isNow);
  return now.some(({ effect }) => effect === 'block') && !now.some(({ effect }) => effect === 'spare');
}
