import { describeNetworkError } from '../network-error.ts';
import type { LapiTransport } from './lapi-transport.ts';

export type LapiHealth =
  | { readonly kind: 'healthy'; readonly latencyMs: number }
  | { readonly kind: 'unreachable'; readonly error: string; readonly latencyMs: number }
  /** Something answered, but not as LAPI does. */
  | { readonly kind: 'unhealthy'; readonly error: string; readonly latencyMs: number };

const TIMEOUT_MS = 3_000;

/** Asks LAPI whether it is up; needs no key and moves nothing. */
export async function lapiHealth(transport: LapiTransport): Promise<LapiHealth> {
  const startedAt = performance.now();
  const latency = () => Math.max(1, Math.round(performance.now() - startedAt));
  try {
    const { status, text } = await transport.send({ method: 'GET', path: '/health', timeoutMs: TIMEOUT_MS });
    if (status === 200 && /"status"\s*:\s*"up"/.test(text)) return { kind: 'healthy', latencyMs: latency() };
    const error = `something else than CrowdSec's LAPI answered GET /health with status ${status}`;
    return { kind: 'unhealthy', error, latencyMs: latency() };
  } catch (error) {
    return { kind: 'unreachable', error: describeNetworkError(error).message, latencyMs: latency() };
  }
}
