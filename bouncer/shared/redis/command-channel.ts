import { type Command, commandSchema } from '../domain/command.ts';
import type { RedisLink } from './client.ts';
import { keys } from './keys.ts';

export async function publishCommand(redis: RedisLink, command: Command): Promise<void> {
  await redis.commands.publish(keys.commands, JSON.stringify(command));
}

/** Hears commands; what is not one (a newer version's, or noise) is passed over. */
export async function onCommand(redis: RedisLink, listener: (command: Command) => void): Promise<void> {
  await redis.subscribe(keys.commands, (message) => {
    const command = commandSchema.safeParse(parseJson(message));
    if (command.success) listener(command.data);
  });
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
