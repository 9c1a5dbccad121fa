import { setTimeout as sleep } from 'node:timers/promises';
import { createRoute, OpenAPIHono, z } from '@hono/zod-openapi';
import type { Prefix } from '../../bouncer/shared/net/prefix.ts';
import { readAllowlist, removeFromAllowlist, writeAllowlist } from '../../bouncer/shared/redis/allowlist-store.ts';
import type { RedisLink } from '../../bouncer/shared/redis/client.ts';
import { readSettings } from '../../bouncer/shared/redis/settings-store.ts';
import type { Clock } from '../../bouncer/shared/runtime/clock.ts';
import { allowlistEntrySchema, readEntries } from '../allowlist/allowlist-entry.ts';
import { listed } from '../allowlist/listed.ts';
import type { EventWriter } from '../events/event-writer.ts';
import { durationInput, reasonInput } from '../http/duration-input.ts';
import { prefixInput } from '../http/prefix-input.ts';
import { Problem } from '../http/problem.ts';
import { changedAgain } from '../protection/contradiction.ts';
import type { ChangeOutcome, Protection } from '../protection/protection.ts';
import { viaRedis } from '../redis-access.ts';
import { changeOutcome } from './change-outcome-schema.ts';
import { BASE, problems } from './shared-responses.ts';

const PATH = `${BASE}/allowlist`;

/** An allowlist is for people and partners; a longer one belongs into CrowdSec's own. */
const MOST_ENTRIES = 10_000;

const listSchema = z.object({ entries: z.array(allowlistEntrySchema), total: z.number().int() }).openapi('Allowlist');

const changeSchema = z.object({ values: z.array(z.string()), ...changeOutcome }).openapi('AllowlistChange');

const changed = {
  200: { description: 'In effect', content: { 'application/json': { schema: changeSchema } } },
  202: {
    description: 'Written, and not yet in effect everywhere, or overtaken',
    content: { 'application/json': { schema: changeSchema } },
  },
  ...problems,
};

const getAllowlist = createRoute({
  method: 'get',
  path: PATH,
  summary: 'Addresses and ranges that are never blocked, as set here; ALLOWLIST of the bouncer comes on top',
  responses: {
    200: { description: 'All of them', content: { 'application/json': { schema: listSchema } } },
    ...problems,
  },
});

const postAllowlist = createRoute({
  method: 'post',
  path: PATH,
  summary: 'Never block these; answers when Caddy follows',
  request: {
    body: {
      required: true,
      content: {
        'application/json': {
          schema: z.strictObject({
            values: z.array(prefixInput).min(1).max(1_000),
            reason: reasonInput.optional(),
            duration: durationInput.optional().openapi({ description: 'for good when left out' }),
          }),
        },
      },
    },
  },
  responses: changed,
});

const deleteAllowlist = createRoute({
  method: 'delete',
  path: PATH,
  summary: 'Take one off the list',
  request: { query: z.strictObject({ value: prefixInput }) },
  responses: changed,
});

export interface AllowlistPorts {
  readonly redis: RedisLink;
  readonly clock: Clock;
  readonly events: EventWriter;
  readonly protection: Protection;
}

export function allowlistRoutes({ redis, clock, events, protection }: AllowlistPorts) {
  const entries = async () => readEntries(await viaRedis(redis, readAllowlist), clock.wall());
  return new OpenAPIHono()
    .openapi(getAllowlist, async (c) => {
      const all = await entries();
      return c.json({ entries: all, total: all.length }, 200);
    })
    .openapi(postAllowlist, async (c) => {
      const { values, reason = '', duration } = c.req.valid('json');
      if ((await entries()).length + values.length > MOST_ENTRIES) throw tooMany();
      const now = clock.wall();
      const expiry = duration === undefined ? {} : { expires_at: new Date(now + duration).toISOString() };
      const entry = JSON.stringify({ reason, by: 'control-api', created_at: new Date(now).toISOString(), ...expiry });
      await viaRedis(redis, (link) => writeAllowlist(link, Object.fromEntries(values.map((value) => [value, entry]))));
      events.write('allowlist', `allowlisted: ${shown(values)}`, { values: values.slice(0, 20) });
      const outcome = await protection.change({}, async () => {
        const still = await viaRedis(redis, (link) => listed(link, values));
        const gone = values.filter((value) => !still.has(value));
        return gone.length === 0 ? undefined : changedAgain(`the allowlist is without ${shown(gone)} now`);
      });
      return c.json(reply(values, outcome), outcome.confirmed ? 200 : 202);
    })
    .openapi(deleteAllowlist, async (c) => {
      const { value } = c.req.valid('query');
      const isComplete = await viaRedis(redis, (link) => untilRestored(link, clock));
      const removed = await viaRedis(redis, (link) => removeFromAllowlist(link, [value]));
      if (removed === 0) throw isComplete ? notThere(value) : notRestored();
      events.write('allowlist', `no longer allowlisted: ${value}`, { values: [value] });
      const outcome = await protection.change({}, async () => {
        const again = await viaRedis(redis, (link) => listed(link, [value]));
        return again.size === 0 ? undefined : changedAgain(`the allowlist has ${value} again`);
      });
      return c.json(reply([value], outcome), outcome.confirmed ? 200 : 202);
    });
}

function reply(values: readonly Prefix[], { confirmed, tookMs, missing, overtaken }: ChangeOutcome) {
  return { values: [...values], confirmed, took_ms: tookMs, missing: [...missing], overtaken };
}

function shown(values: readonly string[]): string {
  return values.length <= 3 ? values.join(', ') : `${values.slice(0, 3).join(', ')} and ${values.length - 3} more`;
}

function tooMany(): Problem {
  return new Problem({
    status: 409,
    code: 'allowlist_full',
    title: 'The allowlist is full',
    detail: `It holds at most ${MOST_ENTRIES} entries.`,
    hint: 'Use ranges, or CrowdSec’s own allowlists (cscli allowlists).',
  });
}

/** A bouncer looks every two seconds, and gives a Redis that was wiped its settings back. */
const RESTORED_WITHIN_MS = 5_000;

const LOOK_EVERY_MS = 50;

/** Before that, an entry which a wipe took looks like one that never was. @returns whether a bouncer has been there. */
async function untilRestored(redis: RedisLink, clock: Clock): Promise<boolean> {
  const deadline = clock.monotonic() + RESTORED_WITHIN_MS;
  for (;;) {
    if (!(await readSettings(redis)).isFresh) return true;
    if (clock.monotonic() >= deadline) return false;
    await sleep(LOOK_EVERY_MS);
  }
}

function notRestored(): Problem {
  return new Problem({
    status: 503,
    code: 'settings_not_restored',
    title: 'The allowlist is not known yet',
    detail: 'Redis is new or was wiped, and no bouncer has given it back what was set before.',
    hint: 'Start the bouncer, or try again in a few seconds.',
    headers: { 'retry-after': '5' },
  });
}

function notThere(value: string): Problem {
  return new Problem({
    status: 404,
    code: 'not_allowlisted',
    title: 'It is not on the list',
    detail: `${value} is not an entry of this allowlist.`,
    hint: 'Use the exact range of the entry; what ALLOWLIST of the bouncer names is removed there.',
  });
}
