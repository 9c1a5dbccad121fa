import { Redis } from 'ioredis';
import { keys } from '../../bouncer/shared/redis/keys.ts';

const MINUTE = 60_000;
const WEEK = 7 * 24 * 60 * MINUTE;

/** A week of counts in place of the few minutes that the control API has seen: a wave of bans each evening. */
export async function fillHistory(redisUrl: string, now = Date.now()): Promise<void> {
  const redis = new Redis(redisUrl, { lazyConnect: true });
  await redis.connect();
  try {
    await redis.del(keys.history);
    const write = redis.pipeline();
    for (let at = now - WEEK; at < now - MINUTE; at += 10 * MINUTE) {
      const hours = (at - now + WEEK) / 3_600_000;
      const wave = Math.max(0, Math.sin((hours * Math.PI) / 12)) ** 4;
      const local = 9 + Math.round(34 * wave + 5 * Math.sin(hours / 5) + 3 * Math.sin(hours * 1.7));
      const community = 15_000 + 40 * Math.floor(hours / 2) - 900 * Math.floor(hours / 48);
      const sample = { local: Math.max(0, local), community, lists: 0, state: 'enforcing' };
      write.xadd(keys.history, `${at}-0`, 'sample', JSON.stringify(sample));
    }
    await write.exec();
  } finally {
    redis.disconnect();
  }
}
