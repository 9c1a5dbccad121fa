import { expect } from 'vitest';
import type { BouncerStatus } from '../../bouncer/shared/domain/status.ts';
import type { Stack } from './stack.ts';
import { waitFor } from './wait-for.ts';

/** One fault: how it begins and ends, and what the bouncer says of it meanwhile. */
export interface Drill {
  readonly fault: string;
  readonly begin: () => unknown;
  readonly end: () => unknown;
  /** What `/readyz` must come to say; a fault that nobody needs to hear of has none. */
  readonly told?: (status: BouncerStatus) => unknown;
  /** Whether what LAPI decides while the fault lasts is enforced while it lasts. */
  readonly enforcesMeanwhile?: boolean;
  /** More to look at while it lasts. */
  readonly meanwhile?: () => Promise<void>;
}

/** A slow machine needs this; a quiet one, a hundredth of it. */
const PATIENCE_MS = 40_000;

/**
 * One fault after another on one stack. During each, a real Caddy blocks who is banned and serves everybody else, and
 * the bouncer says what is wrong; after each, a ban and an unban made meanwhile are enforced. How long both took is
 * printed by `report`, and not judged: that depends on the machine.
 */
export class FaultDrill {
  readonly #stack: Stack;
  readonly #title: string;
  readonly #rows: { fault: string; told: string; converged: string }[] = [];
  #count = 0;

  constructor(stack: Stack, title: string) {
    this.#stack = stack;
    this.#title = title;
  }

  async run(drill: Drill): Promise<void> {
    const { begin, end, told, enforcesMeanwhile = false, meanwhile } = drill;
    const addresses = await this.#prepare();
    await begin();
    let toldMs: number | undefined;
    try {
      toldMs = told === undefined ? undefined : await this.#until(told);
      await this.#decide(addresses);
      await this.#holds(addresses);
      await meanwhile?.();
      if (enforcesMeanwhile) await this.#enforced(addresses);
      await this.#holds(addresses);
    } finally {
      await end();
    }
    const convergedMs = await this.#converged(addresses);
    this.#rows.push({
      fault: drill.fault,
      told: toldMs === undefined ? '–' : seconds(toldMs),
      converged: enforcesMeanwhile ? `meanwhile; all well ${seconds(convergedMs)}` : seconds(convergedMs),
    });
  }

  /** For a fault that takes another course; `work` is all that comes after it. */
  async converges(fault: string, work: () => Promise<void>): Promise<void> {
    const startedAt = performance.now();
    await work();
    await this.#until(isWell);
    this.#rows.push({ fault, told: '–', converged: seconds(performance.now() - startedAt) });
  }

  /** What `/readyz` says, whether or not it is ready. */
  async status(): Promise<BouncerStatus> {
    return JSON.parse((await this.#stack.bouncer.get('/readyz')).body) as BouncerStatus;
  }

  report(): void {
    const width = Math.max(...this.#rows.map(({ fault }) => fault.length));
    const lines = this.#rows.map(
      ({ fault, told, converged }) => `  ${fault.padEnd(width)}  told ${told.padEnd(7)}  converged ${converged}`,
    );
    process.stdout.write(`\n${this.#title}\n${lines.join('\n')}\n\n`);
  }

  /** Somebody who stays banned, and somebody whose ban will be lifted during the fault. */
  async #prepare(): Promise<Addresses> {
    const n = ++this.#count;
    const at = (last: number) => `127.9.${n}.${last}`;
    const addresses = { banned: at(1), lifted: at(2), late: at(3), free: at(4) };
    await this.#stack.ban(addresses.banned);
    await this.#stack.ban(addresses.lifted);
    await this.#stack.bouncer.refresh();
    for (const address of [addresses.banned, addresses.lifted]) await this.#stack.untilBlocked(address, PATIENCE_MS);
    await this.#until(isWell);
    return addresses;
  }

  async #decide({ lifted, late }: Addresses): Promise<void> {
    await this.#stack.crowdsec.ban(late);
    await this.#stack.crowdsec.unban(lifted);
  }

  async #holds({ banned, free }: Addresses): Promise<void> {
    expect(await this.#stack.requestFrom(banned)).toMatchObject({ status: 403 });
    expect(await this.#stack.requestFrom(free)).toMatchObject({ status: 200 });
  }

  async #enforced({ late, lifted }: Addresses): Promise<void> {
    await this.#stack.untilBlocked(late, PATIENCE_MS);
    await this.#stack.untilServed(lifted, PATIENCE_MS);
  }

  async #converged(addresses: Addresses): Promise<number> {
    const startedAt = performance.now();
    await this.#enforced(addresses);
    await this.#until(isWell);
    await this.#holds(addresses);
    return performance.now() - startedAt;
  }

  async #until(condition: (status: BouncerStatus) => unknown): Promise<number> {
    const startedAt = performance.now();
    await waitFor(
      async () => {
        const status = await this.status();
        const { state, reasons, lapi, redis, caddies } = status;
        if (condition(status) !== true) throw new Error(JSON.stringify({ state, reasons, lapi, redis, caddies }));
        return true;
      },
      { what: 'the bouncer to say how it is', withinMs: PATIENCE_MS },
    );
    return performance.now() - startedAt;
  }
}

interface Addresses {
  readonly banned: string;
  readonly lifted: string;
  readonly late: string;
  readonly free: string;
}

function isWell({ state, ready, redis, reasons }: BouncerStatus): boolean {
  return state === 'enforcing' && ready && reasons.length === 0 && redis.state === 'up' && redis.error === undefined;
}

function seconds(milliseconds: number): string {
  return `${(milliseconds / 1_000).toFixed(1)} s`;
}
