import { randomUUID } from 'node:crypto';
import { type StoredSettings, storedSettingsSchema } from '../domain/settings.ts';
import type { RedisLink } from './client.ts';
import { publishCommand } from './command-channel.ts';
import { keys } from './keys.ts';

/** Marks a database that a bouncer has seen: without it, what is missing was wiped or never set. */
export const SEEN = 'seen';

interface ReadSettings {
  readonly settings: StoredSettings;
  /** Whether no bouncer has been here: what is missing is to be put back. */
  readonly isFresh: boolean;
}

/**
 * What Redis says is wanted; a field that was never set, or that a wipe took, is missing.
 * @throws Error where a field is nonsense: `enabled: yes` must not read as "off".
 */
export async function readSettings(redis: RedisLink): Promise<StoredSettings & { isFresh: boolean }> {
  const { settings, isFresh } = parseSettings(await redis.commands.hgetall(keys.settings));
  return { ...settings, isFresh };
}

/** @throws Error where a field is nonsense. */
export function parseSettings(fields: Readonly<Record<string, string>>): ReadSettings {
  const settings = storedSettingsSchema.parse({
    enabled: fields['enabled'] === 'true' ? true : fields['enabled'] === 'false' ? false : fields['enabled'],
    policy: fields['policy'],
    change: fields['change'],
  });
  return { settings, isFresh: fields[SEEN] === undefined };
}

/** Writes what is wanted and tells the bouncers. @returns the name of this change, for watching it take effect. */
export async function writeSettings(
  redis: RedisLink,
  patch: Pick<StoredSettings, 'enabled' | 'policy'>,
): Promise<string> {
  const change = randomUUID();
  await redis.commands.hset(keys.settings, { ...settingsFields(patch), change });
  await publishCommand(redis, { kind: 'settings' });
  return change;
}

export function settingsFields(settings: StoredSettings): Record<string, string> {
  return Object.fromEntries(
    Object.entries(settings)
      .filter(([, value]) => value !== undefined)
      .map(([field, value]) => [field, String(value)]),
  );
}
