import { hc } from 'hono/client';
import type { createApp } from './app.ts';

type ControlApi = ReturnType<typeof createApp>;

/**
 * The control API as functions, typed from the same schemas that check its requests:
 *
 *     const api = controlApiClient('http://127.0.0.1:8080', token).api.v1.cerberus.crowdsec;
 *     const answer = await api.status.$get();
 *     if (answer.status === 200) return (await answer.json()).bouncer.state;
 *
 * @param token needed for what changes something, and for everything where one is configured.
 */
export function controlApiClient(url: string, token?: string, send: typeof fetch = fetch) {
  const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
  return hc<ControlApi>(url, { headers, fetch: send });
}
