import type { Prefix } from '../../bouncer/shared/net/prefix.ts';
import { readAllowlist } from '../../bouncer/shared/redis/allowlist-store.ts';
import type { RedisLink } from '../../bouncer/shared/redis/client.ts';
import { DecisionSource } from '../../bouncer/shared/redis/decision-source.ts';
import type { Clock } from '../../bouncer/shared/runtime/clock.ts';
import type { Logger } from '../../bouncer/shared/runtime/logger.ts';
import { readEntries } from '../allowlist/allowlist-entry.ts';
import type { Config } from '../config.ts';
import type { MachineClient } from '../crowdsec/machine-client.ts';
import type { EventWriter } from '../events/event-writer.ts';
import type { Protection } from '../protection/protection.ts';
import { viaRedis } from '../redis-access.ts';
import { Banning } from './banning.ts';
import { BouncerClient } from './bouncer-client.ts';
import { DecisionTable } from './decision-table.ts';
import { EffectWatch } from './effect.ts';
import { InfrastructureGuards } from './infrastructure-guards.ts';
import { LapiDecisions } from './lapi-decisions.ts';
import { type PlaceFinder, PlaceFiles } from './places.ts';
import { Unbanning } from './unbanning.ts';

interface Given {
  readonly config: Config;
  readonly redis: RedisLink;
  readonly machine: MachineClient;
  readonly protection: Protection;
  readonly events: EventWriter;
  readonly clock: Clock;
  readonly log: Logger;
}

export type DecisionParts = ReturnType<typeof createDecisionParts>;

/** All that knows decisions. Nothing connects, and no file is read, before it is asked to. */
export function createDecisionParts({ config, redis, machine, protection, events, clock, log }: Given) {
  let opened: Promise<PlaceFinder> | undefined;
  const places = () => (opened ??= PlaceFiles.open(config.CROWDSEC_DATA_DIR));
  const allowlist = async (): Promise<readonly Prefix[]> =>
    readEntries(await viaRedis(redis, readAllowlist), clock.wall()).map(({ value }) => value);
  const table = new DecisionTable({ source: new DecisionSource(redis, clock), places, clock, log });
  const bouncer = new BouncerClient(config.BOUNCER_URL, config.BOUNCER_TOKEN);
  const effect = new EffectWatch({ bouncer, protection, table, redis, clock });
  const lapi = new LapiDecisions(machine, clock);
  return {
    table,
    places,
    bouncer,
    /** Our own allowlist, what has run out left out. */
    allowlist,
    guards: new InfrastructureGuards(config, clock),
    banning: new Banning({ lapi, table, effect, events, clock }),
    unbanning: new Unbanning({ lapi, table, effect, bouncer, allowlist, events, clock }),
  };
}
