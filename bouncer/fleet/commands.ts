import type { Command } from '../shared/domain/command.ts';
import type { RedisLink } from '../shared/redis/client.ts';
import { onCommand } from '../shared/redis/command-channel.ts';
import type { Logger } from '../shared/runtime/logger.ts';

/** What becomes of each command. */
type Handlers = { readonly [Kind in Command['kind']]: (command: Extract<Command, { kind: Kind }>) => unknown };

/** Hears what other processes ask for, over every reconnection to Redis. */
export function hearCommands(redis: RedisLink, log: Logger, handlers: Handlers): void {
  const handle = (command: Command): void => {
    const handler = handlers[command.kind] as (command: Command) => unknown;
    void handler(command);
  };
  onCommand(redis, handle).catch((error: unknown) =>
    log.warn({ error }, 'commands cannot be heard; what they announce is looked at every few seconds'),
  );
}
