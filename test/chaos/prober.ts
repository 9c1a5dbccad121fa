import { setTimeout as sleep } from 'node:timers/promises';
import { requestAs, type Site } from '../support/site.ts';
import type { Fact, Oracle } from './oracle.ts';
import type { Presence } from './presence.ts';
import type { Stillness } from './stillness.ts';
import type { Tally } from './tally.ts';

/** Requests under way at once, and the pause of each between two of its own. */
const WORKERS = 6;
const PAUSE_MS = 15;

/** What ended longer ago explains nothing. */
const HISTORY_MS = 30_000;

const BLOCKED = 403;
const SERVED = 200;

interface Records {
  readonly oracle: Oracle;
  readonly presence: Presence;
  readonly stillness: Stillness;
  readonly tally: Tally;
}

/** Asks Caddy as every client in turn, without end, and compares each answer with what the oracle allows. */
export class Prober {
  readonly #site: Site;
  readonly #clients: readonly string[];
  readonly #oracle: Oracle;
  readonly #presence: Presence;
  readonly #stillness: Stillness;
  readonly #tally: Tally;
  readonly #stop = new AbortController();
  /** When each client was last sent a request that only one answer was right for. */
  readonly #certainAt = new Map<string, number>();
  readonly #recent = new Map<string, string[]>();
  #workers: readonly Promise<void>[] = [];
  #next = 0;

  constructor(site: Site, clients: readonly string[], { oracle, presence, stillness, tally }: Records) {
    this.#site = site;
    this.#clients = clients;
    this.#oracle = oracle;
    this.#presence = presence;
    this.#stillness = stillness;
    this.#tally = tally;
  }

  start(): void {
    this.#workers = Array.from({ length: WORKERS }, () => this.#work());
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await Promise.all(this.#workers);
  }

  certainAt(client: string): number {
    return this.#certainAt.get(client) ?? -Infinity;
  }

  async #work(): Promise<void> {
    while (!this.#stop.signal.aborted) {
      await this.#ask(this.#clients[this.#next++ % this.#clients.length]!);
      await sleep(PAUSE_MS);
    }
  }

  async #ask(client: string): Promise<void> {
    const sentAt = performance.now();
    const status = await requestAs(client, this.#site).then(
      (answer) => answer.status,
      () => undefined,
    );
    this.#site.upstream.requests.length = 0; // they are kept for tests that look at them
    const answeredAt = performance.now();
    if (status === undefined) this.#withoutAnswer(sentAt, answeredAt);
    else this.#check(client, status, sentAt, answeredAt);
  }

  /** A Caddy that was killed answers nothing, which is neither right nor wrong. */
  #withoutAnswer(sentAt: number, now: number): void {
    const wasThere = this.#presence.together(['Caddy'], sentAt, now) === now - sentAt;
    if (wasThere) this.#tally.unanswered++;
    else this.#tally.refused++;
  }

  #check(client: string, status: number, sentAt: number, answeredAt: number): void {
    this.#tally.checked++;
    this.#remember(client, status, sentAt, answeredAt);
    const { mayBeBlocked, mayBeServed } = this.#oracle.judge(client, sentAt, answeredAt);
    if (mayBeBlocked !== mayBeServed) this.#certainAt.set(client, sentAt);
    const lag = this.#oracle.lag(client, status === BLOCKED, sentAt);
    if (lag !== undefined) this.#tally.lagged(lag);
    const isMoved = this.#stillness.isBroken(client, status === BLOCKED, sentAt, answeredAt);
    if (!isMoved && ((status === BLOCKED && mayBeBlocked) || (status === SERVED && mayBeServed))) return;
    const why = isMoved ? 'the bouncer was started anew, LAPI has said nothing since, and the answer changed\n' : '';
    const history = why + this.#history(client, answeredAt);
    this.#tally.wrong.push({ client, status, sentAt, answeredAt, step: this.#tally.stepCount, history });
  }

  #remember(client: string, status: number, sentAt: number, answeredAt: number): void {
    const recent = this.#recent.get(client) ?? [];
    recent.push(`${status} at ${seconds(sentAt)}–${seconds(answeredAt)}`);
    this.#recent.set(client, recent.slice(-12));
  }

  #history(client: string, now: number): string {
    const facts = this.#oracle.history(client, now - HISTORY_MS).map((fact) => describeFact(fact));
    return [...facts, `answers until ${seconds(now)}: ${(this.#recent.get(client) ?? []).join(', ')}`].join('\n');
  }
}

function describeFact({ effect, value, begins, ends }: Fact): string {
  const changes = [begins, ...ends].map(({ kind, from, to }) => `${kind} ${seconds(from)}–${seconds(to)}`);
  return `${effect === 'block' ? 'blocks' : 'spares'} ${value}: ${changes.join(', ends by ')}`;
}

export function seconds(at: number): string {
  return Number.isFinite(at) ? (at / 1_000).toFixed(2) : '…';
}
