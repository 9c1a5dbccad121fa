import { RedisLink } from '../../bouncer/shared/redis/client.ts';
import { createLogger, type Logger } from '../../bouncer/shared/runtime/logger.ts';
import { waitFor } from './wait-for.ts';

/** A connection that the product's own code can use, open; whoever asks for it stops it. */
export async function linkedRedis(
  url: string,
  log: Logger = createLogger('test', 'silent', false),
): Promise<RedisLink> {
  const link = new RedisLink(url, log);
  link.start();
  try {
    await waitFor(() => link.isUp, { what: `a connection to ${url}` });
  } catch (error) {
    link.stop();
    throw error;
  }
  return link;
}
