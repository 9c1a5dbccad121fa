import { request } from 'undici';
import type { BouncerConfig } from '../config.ts';
import { reasonOf } from '../shared/runtime/reason.ts';

const LIMIT_MS = 15_000;

export type DaemonReply =
  | { readonly kind: 'reply'; readonly status: number; readonly body: unknown }
  | { readonly kind: 'gone'; readonly message: string };

/** Asks the daemon that runs with this configuration on this machine. */
export async function askDaemon(config: BouncerConfig, path: string): Promise<DaemonReply> {
  const { host, port } = config.BOUNCER_LISTEN;
  const target = host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '[::1]' : host.includes(':') ? `[${host}]` : host;
  const token = config.BOUNCER_TOKEN;
  try {
    const response = await request(`http://${target}:${port}${path}`, {
      headers: token === undefined ? {} : { authorization: `Bearer ${token.reveal()}` },
      signal: AbortSignal.timeout(LIMIT_MS),
    });
    return { kind: 'reply', status: response.statusCode, body: await response.body.json() };
  } catch (error) {
    const reason = reasonOf(error);
    return {
      kind: 'gone',
      message: `no bouncer answers at ${target}:${port} (${reason}); is it running, and BOUNCER_LISTEN the same as there?`,
    };
  }
}

/** What a problem+json body says, for people. */
export function problemText(body: unknown): string {
  const { detail, hint } = (body ?? {}) as { detail?: unknown; hint?: unknown };
  return `${typeof detail === 'string' ? detail : 'the bouncer refused'}${typeof hint === 'string' ? `; ${hint}` : ''}`;
}
