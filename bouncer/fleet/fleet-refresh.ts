import { randomUUID } from 'node:crypto';
import type { Intake } from '../intake.ts';
import type { LapiStream } from '../lapi/stream.ts';
import type { Command } from '../shared/domain/command.ts';
import type { RedisLink } from '../shared/redis/client.ts';
import { publishCommand } from '../shared/redis/command-channel.ts';
import { reasonOf } from '../shared/runtime/reason.ts';
import { endsWithin } from '../shared/runtime/time-limit.ts';
import type { SnapshotKeeper } from '../state/snapshot-keeper.ts';
import type { FleetFollower } from './fleet-follower.ts';
import type { FleetLease } from './fleet-lease.ts';

/** How long LAPI is waited for: whoever asked is told then, and the pull goes on. */
const PULL_LIMIT_MS = { changes: 8_000, everything: 45_000 };
/** The leader says by then what came of its pull, if it says anything. */
const ANSWER_SLACK_MS = 2_000;

interface RefreshParts {
  readonly lease: FleetLease;
  readonly stream: Pick<LapiStream, 'refresh' | 'resync'>;
  readonly intake: Pick<Intake, 'status'>;
  readonly snapshot: Pick<SnapshotKeeper, 'told'>;
  readonly follower: Pick<FleetFollower, 'catchUp'>;
  readonly redis: RedisLink | undefined;
}

/** Looks for changes now, wherever the pull is done: a push from LAPI may reach any bouncer of a fleet. */
export class FleetRefresh {
  readonly #parts: RefreshParts;
  readonly #asked = new Map<string, (error: string | undefined) => void>();

  constructor(parts: RefreshParts) {
    this.#parts = parts;
  }

  /** @returns why this bouncer does not hold what LAPI has now; undefined when it does. */
  async refresh(full: boolean): Promise<string | undefined> {
    if (!this.#isFollower()) {
      const error = await this.#pull(full);
      if (!this.#isFollower()) return error;
    }
    return this.#ask(full);
  }

  /** Somebody asked all bouncers: the one that pulls answers. */
  async answer({ ask, full = false }: Extract<Command, { kind: 'refresh' }>): Promise<void> {
    const { redis, snapshot } = this.#parts;
    if (this.#isFollower()) return;
    const trouble = await this.#pull(full);
    if (ask === undefined || redis?.isUp !== true || this.#isFollower()) return;
    const isTold = await snapshot.told();
    const error = trouble ?? (isTold ? undefined : 'Redis did not take what LAPI said');
    await publishCommand(redis, { kind: 'refreshed', ask, error }).catch(() => undefined);
  }

  heard({ ask, error }: Extract<Command, { kind: 'refreshed' }>): void {
    this.#asked.get(ask)?.(error);
  }

  #isFollower(): boolean {
    return this.#parts.lease.standing.kind === 'follower';
  }

  async #pull(full: boolean): Promise<string | undefined> {
    const { stream, intake } = this.#parts;
    const limitMs = pullLimit(full);
    const isPulled = await endsWithin(limitMs, full ? stream.resync() : stream.refresh());
    const { state, error, url } = intake.status;
    if (!isPulled) return error ?? `LAPI at ${url} has not answered for ${limitMs / 1_000} s; it is asked again`;
    return state === 'up' ? undefined : (error ?? 'LAPI has not answered yet');
  }

  async #ask(full: boolean): Promise<string | undefined> {
    const { redis, follower, lease } = this.#parts;
    const { standing } = lease;
    const leader = standing.kind === 'follower' ? standing.lease.by : 'nobody';
    if (redis?.isUp !== true) return 'Redis is gone, so the bouncer that pulls from LAPI cannot be asked';
    const ask = randomUUID();
    let timer: NodeJS.Timeout | undefined;
    const answered = new Promise<string | undefined>((resolve) => {
      this.#asked.set(ask, resolve);
      const limitMs = pullLimit(full) + ANSWER_SLACK_MS;
      const message = `bouncer ${leader}, which pulls from LAPI for all, did not answer within ${limitMs / 1_000} s`;
      timer = setTimeout(() => resolve(message), limitMs);
    });
    try {
      await publishCommand(redis, { kind: 'refresh', ask, full });
      return (await answered) ?? (await follower.catchUp());
    } catch (error) {
      return reasonOf(error);
    } finally {
      clearTimeout(timer);
      this.#asked.delete(ask);
    }
  }
}

function pullLimit(full: boolean): number {
  return full ? PULL_LIMIT_MS.everything : PULL_LIMIT_MS.changes;
}
