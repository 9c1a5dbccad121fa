import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { RedisLink } from '../../bouncer/shared/redis/client.ts';
import { readSettings } from '../../bouncer/shared/redis/settings-store.ts';
import { systemClock } from '../../bouncer/shared/runtime/clock.ts';
import { createLogger } from '../../bouncer/shared/runtime/logger.ts';
import type { Engine } from '../../control-api/crowdsec/engine.ts';
import { Protection } from '../../control-api/protection/protection.ts';
import { protectionRoutes } from '../../control-api/routes/protection.ts';
import { BASE } from '../../control-api/routes/shared-responses.ts';
import { Workbench } from '../support/servers.ts';
import { waitFor } from '../support/wait-for.ts';

let workbench: Workbench;
let link: RedisLink;
/** What a managed CrowdSec was told, one after another. */
let told: boolean[] = [];

beforeAll(async () => {
  workbench = await Workbench.open();
  const redis = await workbench.redis();
  link = new RedisLink(redis.url, createLogger('test', 'silent', false));
  link.start();
  await link.untilUp(10_000);
}, 60_000);

afterAll(async () => {
  link.stop();
  await workbench.stop();
});

beforeEach(() => {
  told = [];
});

interface Answer {
  readonly status: number;
  readonly body: unknown;
}

/** Sends a change, and comes back when it is written; what comes back waits for its answer. */
async function written(method: string, path: string, body?: unknown): Promise<{ readonly answer: Promise<Answer> }> {
  const protection = new Protection(link, systemClock);
  const engine: Pick<Engine, 'want'> = { want: (isWanted) => void told.push(isWanted) };
  const app = protectionRoutes({ protection, engine: engine as Engine });
  const { change: before } = await readSettings(link);
  const text = body === undefined ? {} : { body: JSON.stringify(body) };
  const sent = Promise.resolve(
    app.request(`${BASE}${path}`, { method, headers: { 'content-type': 'application/json' }, ...text }),
  );
  const answer = sent.then(async (reply) => ({ status: reply.status, body: await reply.json() }));
  await waitFor(async () => (await readSettings(link)).change !== before, { what: `${method} ${path} to be written` });
  return { answer };
}

describe('off, then on at once', () => {
  it('never stops the CrowdSec that is wanted', async () => {
    const off = await written('PUT', '/enabled', { enabled: false });
    const on = await written('PUT', '/enabled', { enabled: true });
    await Promise.all([off.answer, on.answer]);
    expect(told).toEqual([true, true]);
  });
});
