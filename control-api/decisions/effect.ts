import { setTimeout as sleep } from 'node:timers/promises';
import type { BouncerStatus } from '../../bouncer/shared/domain/status.ts';
import type { RedisLink } from '../../bouncer/shared/redis/client.ts';
import { publishCommand } from '../../bouncer/shared/redis/command-channel.ts';
import type { Clock } from '../../bouncer/shared/runtime/clock.ts';
import type { Protection } from '../protection/protection.ts';
import type { BouncerClient } from './bouncer-client.ts';
import type { DecisionTable } from './decision-table.ts';
import { isSettled } from './enforcement.ts';

/** How long an answer waits for the bouncer to follow without being able to ask it. */
const FOLLOW_WITHIN_MS = 10_000;

/** How long it waits for a first sign of a bouncer when none is alive: one may just be starting. */
const ALIVE_WITHIN_MS = 1_500;

/** What a bouncer confirmed is in Redis a moment later; an answer waits for it, so that the next page shows it. */
const SHOWN_WITHIN_MS = 1_000;

const LOOK_EVERY_MS = 50;

const NOT_TAKEN =
  'the change is not among the decisions that the bouncer holds, even after a full pull: see whether its filters leave it out (CROWDSEC_ORIGINS, CROWDSEC_SCOPES, CROWDSEC_SCENARIOS_…), or try again';

export interface Effect {
  /** Whether every Caddy holds the result. */
  readonly confirmed: boolean;
  /** What is missing, in sentences; empty when confirmed. */
  readonly missing: readonly string[];
}

interface EffectParts {
  readonly bouncer: Pick<BouncerClient, 'refresh' | 'resync'>;
  readonly protection: Pick<Protection, 'bouncers'>;
  readonly table: Pick<DecisionTable, 'catchUp' | 'confirmed'>;
  readonly redis: RedisLink;
  readonly clock: Clock;
}

/** Makes a change of LAPI's decisions reach Caddy now, and says when it has. */
export class EffectWatch {
  readonly #parts: EffectParts;

  constructor(parts: EffectParts) {
    this.#parts = parts;
  }

  /**
   * @param isSeen whether the table shows the change: what it shows, the bouncer acts on.
   * @param made the decisions that came in with it.
   */
  async settle(isSeen: () => boolean, made: () => readonly number[] = () => []): Promise<Effect> {
    const { bouncer, redis, clock } = this.#parts;
    // Other bouncers of a fleet hear it too. Losing it costs time only.
    if (redis.isUp) await publishCommand(redis, { kind: 'refresh' }).catch(() => undefined);
    const askedAt = clock.wall();
    const answer = await bouncer.refresh();
    if (answer.kind === 'unavailable') return this.#watch(isSeen, `${answer.message}; ${answer.hint}`);
    if (await this.#untilShown(isSeen)) return this.#confirmed(answer.value, askedAt, made());
    // Nothing to compare with: the bouncer's own word is all there is.
    if (!redis.isUp) return answer.value;
    return this.#afterResync(isSeen, made);
  }

  /**
   * The bouncer has looked, and the change has not come in. LAPI's deltas lose what is committed while another pull
   * looks; everything anew has it, unless the bouncer's filters leave it out.
   */
  async #afterResync(isSeen: () => boolean, made: () => readonly number[]): Promise<Effect> {
    const askedAt = this.#parts.clock.wall();
    const answer = await this.#parts.bouncer.resync();
    if (answer.kind === 'unavailable') return { confirmed: false, missing: [`${answer.message}; ${answer.hint}`] };
    if (await this.#untilShown(isSeen)) return this.#confirmed(answer.value, askedAt, made());
    return { confirmed: false, missing: [...answer.value.missing, NOT_TAKEN] };
  }

  async #confirmed(effect: Effect, askedAt: number, made: readonly number[]): Promise<Effect> {
    if (effect.confirmed && (await this.#isAlone())) this.#parts.table.confirmed(askedAt, made);
    return effect;
  }

  /** Pulls now, without a change of which to see the effect. @returns whether all that LAPI has is in the table. */
  async lookAgain(isEnough: () => boolean): Promise<boolean> {
    const answer = await this.#parts.bouncer.refresh();
    await this.#untilShown(isEnough);
    return answer.kind === 'ok' && answer.value.confirmed;
  }

  /** One bouncer does not speak for the Caddys of another. */
  async #isAlone(): Promise<boolean> {
    return (await this.#parts.protection.bouncers().catch(() => [])).length === 1;
  }

  async #untilShown(isSeen: () => boolean): Promise<boolean> {
    const { table, clock } = this.#parts;
    const deadline = clock.monotonic() + SHOWN_WITHIN_MS;
    for (;;) {
      await table.catchUp();
      const isShown = isSeen();
      if (isShown || clock.monotonic() >= deadline) return isShown;
      await sleep(LOOK_EVERY_MS);
    }
  }

  /** Without the bouncer's own word: it has the change when the table shows it, and Caddy when a later status says so. */
  async #watch(isSeen: () => boolean, why: string): Promise<Effect> {
    const { protection, table, clock } = this.#parts;
    const startedAt = clock.monotonic();
    let seenAt: number | undefined;
    for (;;) {
      await table.catchUp();
      if (isSeen()) seenAt ??= clock.wall();
      const bouncers = await protection.bouncers().catch(() => undefined);
      const missing = missingAfter(seenAt, bouncers);
      const patience = bouncers?.length === 0 ? ALIVE_WITHIN_MS : FOLLOW_WITHIN_MS;
      if (missing.length === 0) return { confirmed: true, missing };
      if (bouncers === undefined || clock.monotonic() - startedAt >= patience) {
        return { confirmed: false, missing: [...missing, why] };
      }
      await sleep(LOOK_EVERY_MS);
    }
  }
}

function missingAfter(seenAt: number | undefined, bouncers: readonly BouncerStatus[] | undefined): string[] {
  if (bouncers === undefined) return ['Redis is not available, so no bouncer can be heard'];
  if (bouncers.length === 0) return ['no bouncer is alive: start one (bouncer run), it takes decisions from LAPI'];
  if (seenAt === undefined) return ['no bouncer has taken the change from LAPI yet'];
  return bouncers.flatMap((bouncer) => {
    if (Date.parse(bouncer.updated_at) < seenAt) return [`bouncer ${bouncer.id} has not said yet that Caddy follows`];
    return bouncer.caddies
      .filter((caddy) => !isSettled(caddy))
      .map(({ admin, state, error }) => `caddy ${admin} is ${state}${error === undefined ? '' : `: ${error}`}`);
  });
}
