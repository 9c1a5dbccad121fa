import type { RedisLink } from './client.ts';
import { keys } from './keys.ts';

/**
 * Our own allowlist: a hash of canonical prefix → JSON `{reason, by, created_at, expires_at?}`. The entries stay text
 * here, so that one which a newer version wrote is carried through a restart unharmed.
 */
export async function readAllowlist(redis: RedisLink): Promise<Record<string, string>> {
  return redis.commands.hgetall(keys.allowlist);
}

/** Adds entries, or replaces those on the same prefix. */
export async function writeAllowlist(redis: RedisLink, entries: Readonly<Record<string, string>>): Promise<void> {
  await redis.commands.hset(keys.allowlist, { ...entries });
}

/** @returns how many of the prefixes had an entry. */
export async function removeFromAllowlist(redis: RedisLink, prefixes: readonly string[]): Promise<number> {
  return redis.commands.hdel(keys.allowlist, ...prefixes);
}
