import { OpenAPIHono } from '@hono/zod-openapi';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { RedisLink } from '../../bouncer/shared/redis/client.ts';
import { readSettings } from '../../bouncer/shared/redis/settings-store.ts';
import { writeStatus } from '../../bouncer/shared/redis/status-store.ts';
import { restoreWanted } from '../../bouncer/shared/redis/wanted-store.ts';
import { systemClock } from '../../bouncer/shared/runtime/clock.ts';
import type { Engine } from '../../control-api/crowdsec/engine.ts';
import type { EventWriter } from '../../control-api/events/event-writer.ts';
import { Protection } from '../../control-api/protection/protection.ts';
import { allowlistRoutes } from '../../control-api/routes/allowlist.ts';
import { protectionRoutes } from '../../control-api/routes/protection.ts';
import { BASE } from '../../control-api/routes/shared-responses.ts';
import { linkedRedis } from '../support/linked-redis.ts';
import { Workbench } from '../support/servers.ts';
import { waitFor } from '../support/wait-for.ts';
import { bouncerStatus, caddyStatus } from '../unit/control-api-bouncers.ts';

let workbench: Workbench;
let link: RedisLink;
/** What a managed CrowdSec was told, one after another. */
let told: boolean[] = [];

beforeAll(async () => {
  workbench = await Workbench.open();
  const redis = await workbench.redis();
  link = await linkedRedis(redis.url);
  await restoreWanted(link, { settings: {}, allowlist: {} }); // a bouncer has been there
}, 60_000);

afterAll(async () => {
  link.stop();
  await workbench.stop();
});

beforeEach(async () => {
  told = [];
  await follow();
});

/** A bouncer reads what is wanted, and its Caddy follows. Until the next time it looks at nothing newer. */
async function follow(): Promise<void> {
  const { change } = await readSettings(link);
  const followed = change === undefined ? {} : { change };
  await writeStatus(link, bouncerStatus({ ...followed, caddies: [caddyStatus(followed)] }));
}

const DONE = { status: 200, body: { confirmed: true, missing: [], overtaken: false } };

const again = (what: string) => ({
  status: 202,
  body: {
    confirmed: false,
    overtaken: true,
    missing: [`it was changed again meanwhile: ${what}; do it once more if it is still wanted`],
  },
});

interface Answer {
  readonly status: number;
  readonly body: unknown;
}

/** Sends a change, and comes back when it is written; what comes back waits for its answer. */
async function written(method: string, path: string, body?: unknown): Promise<{ readonly answer: Promise<Answer> }> {
  const protection = new Protection(link, systemClock);
  const engine: Pick<Engine, 'want'> = { want: (isWanted) => void told.push(isWanted) };
  const events = { write: () => undefined } as unknown as EventWriter;
  const app = new OpenAPIHono()
    .route('/', protectionRoutes({ protection, engine: engine as Engine }))
    .route('/', allowlistRoutes({ redis: link, clock: systemClock, events, protection }));
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
  it('never stops the CrowdSec that is wanted, and tells the first at once that it was changed again', async () => {
    const off = await written('PUT', '/enabled', { enabled: false });
    const on = await written('PUT', '/enabled', { enabled: true });
    expect(await off.answer).toMatchObject(again('protection is switched on now'));
    await follow();
    expect(await on.answer).toMatchObject(DONE);
    expect(told).toEqual([true, true]);
  });

  it('and off once more leaves CrowdSec to the last word', async () => {
    const off = await written('PUT', '/enabled', { enabled: false });
    const on = await written('PUT', '/enabled', { enabled: true });
    const offAgain = await written('PUT', '/enabled', { enabled: false });
    expect(await on.answer).toMatchObject(again('protection is switched off now'));
    await follow();
    expect(await offAgain.answer).toMatchObject(DONE);
    await off.answer; // it may have looked while the second stood
    expect(told).toHaveLength(3);
    expect(told.at(-1)).toBe(false);
  });
});

describe('a change that a newer one overtakes', () => {
  it('is confirmed with it where both hold', async () => {
    const policy = await written('PUT', '/policy', { policy: 'monitor' });
    const enabled = await written('PUT', '/enabled', { enabled: true });
    const allowed = await written('POST', '/allowlist', { values: ['192.0.2.1'] });
    const others = await written('POST', '/allowlist', { values: ['192.0.2.2', '192.0.2.3'] });
    await follow();
    for (const { answer } of [policy, enabled, allowed, others]) expect(await answer).toMatchObject(DONE);
  });

  it('is told so where the policy was changed again', async () => {
    const enforce = await written('PUT', '/policy', { policy: 'enforce' });
    const monitor = await written('PUT', '/policy', { policy: 'monitor' });
    expect(await enforce.answer).toMatchObject(again('the policy is monitor now'));
    await follow();
    expect(await monitor.answer).toMatchObject(DONE);
  });

  it('is told so where an address was taken off the allowlist again, or put on it again', async () => {
    const put = await written('POST', '/allowlist', { values: ['192.0.2.8', '192.0.2.9'] });
    const taken = await written('DELETE', '/allowlist?value=192.0.2.9');
    expect(await put.answer).toMatchObject(again('the allowlist is without 192.0.2.9 now'));
    const putAgain = await written('POST', '/allowlist', { values: ['192.0.2.9'] });
    expect(await taken.answer).toMatchObject(again('the allowlist has 192.0.2.9 again'));
    await follow();
    expect(await putAgain.answer).toMatchObject(DONE);
  });
});
