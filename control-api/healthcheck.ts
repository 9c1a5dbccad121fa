import { request } from 'undici';
import type { ListenAddress } from '../bouncer/shared/config/values.ts';
import { describeNetworkError } from './network-error.ts';

const TIMEOUT_MS = 3_000;

/** For containers without curl. */
export async function healthcheck({ host, port }: ListenAddress): Promise<{ isHealthy: boolean; message: string }> {
  const name = host === '::' || host === '0.0.0.0' ? '127.0.0.1' : host.includes(':') ? `[${host}]` : host;
  const url = `http://${name}:${port}/healthz`;
  try {
    // The Host must be one that is answered to, whatever address is listened on.
    const reply = await request(url, {
      headers: { host: `localhost:${port}` },
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    await reply.body.dump();
    return { isHealthy: reply.statusCode === 200, message: `${url} answered ${reply.statusCode}` };
  } catch (error) {
    return { isHealthy: false, message: `${url}: ${describeNetworkError(error).message}` };
  }
}
