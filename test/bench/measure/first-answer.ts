import { setTimeout as sleep } from 'node:timers/promises';
import { call } from '../../../scripts/servers/http.ts';

const POLL_MS = 2;

/** Where the site is on loopback, and which address of 127/8 asks. */
export interface Client {
  readonly port: number;
  readonly address: string;
}

/** The status that a client gets now; 0 when the connection failed, as it may in the middle of a reload. */
export function statusFor({ port, address }: Client): Promise<number> {
  return call({ url: `http://127.0.0.1:${port}/`, localAddress: address, timeoutMs: 20_000 }).then(
    ({ status }) => status,
    () => 0,
  );
}

/** Asks without a pause until the status comes. @returns when the first such answer was there (performance.now()). */
export async function firstAnswer(client: Client, wanted: number, withinMs: number): Promise<number> {
  const limit = performance.now() + withinMs;
  for (;;) {
    const seen = await statusFor(client);
    const now = performance.now();
    if (seen === wanted) return now;
    if (now > limit) throw new Error(`${client.address} got ${seen} for ${withinMs} ms, and ${wanted} was expected`);
    await sleep(POLL_MS);
  }
}
