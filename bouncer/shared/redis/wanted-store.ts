import { z } from 'zod';
import type { StoredSettings } from '../domain/settings.ts';
import type { RedisLink } from './client.ts';
import { keys } from './keys.ts';
import { parseSettings, SEEN, settingsFields } from './settings-store.ts';

const replySchema = z.record(z.string(), z.string());

/** What the operator wants, in whole: a wipe must not come between its parts. */
export interface Wanted {
  readonly settings: StoredSettings;
  /** Prefix → JSON; see `allowlist-store.ts`. */
  readonly allowlist: Record<string, string>;
}

/** @throws Error where a setting is nonsense. */
export async function readWanted(redis: RedisLink): Promise<Wanted & { readonly isFresh: boolean }> {
  const [fields, allowlist] = await replies(redis.commands.multi().hgetall(keys.settings).hgetall(keys.allowlist));
  return { ...parseSettings(replySchema.parse(fields)), allowlist: replySchema.parse(allowlist) };
}

/** Puts back what Redis has lost and we still know; never overwrites what is there. */
export async function restoreWanted(redis: RedisLink, { settings, allowlist }: Wanted): Promise<void> {
  const commands = redis.commands.multi();
  for (const [prefix, entry] of Object.entries(allowlist)) commands.hsetnx(keys.allowlist, prefix, entry);
  for (const [field, value] of Object.entries(settingsFields(settings))) commands.hsetnx(keys.settings, field, value);
  await replies(commands.hset(keys.settings, SEEN, '1'));
}

async function replies(commands: ReturnType<RedisLink['commands']['multi']>): Promise<unknown[]> {
  const results = (await commands.exec().catch(causeOf)) ?? [];
  return results.map(([error, reply]) => {
    if (error !== null) throw error;
    return reply;
  });
}

/** Why a transaction was given up: Redis says that of the command which it refused, not of the whole. */
function causeOf(error: Error & { readonly previousErrors?: readonly Error[] }): never {
  throw error.previousErrors?.[0] ?? error;
}
