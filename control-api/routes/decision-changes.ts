import { createRoute, OpenAPIHono, z } from '@hono/zod-openapi';
import type { Context } from 'hono';
import type { Clock } from '../../bouncer/shared/runtime/clock.ts';
import { callerGuards } from '../decisions/ban-guards.ts';
import { type BanPlan, planBan, planSentence } from '../decisions/ban-plan.ts';
import type { DecisionParts } from '../decisions/decision-parts.ts';
import type { DecisionRow } from '../decisions/decision-rows.ts';
import { matchingSlots } from '../decisions/row-page.ts';
import { type Unbanned, type UnbanResult, unbanSentence } from '../decisions/unbanning.ts';
import type { Protection } from '../protection/protection.ts';
import { peerOf } from '../../bouncer/shared/http/caller.ts';
import { readPastedPrefix } from '../http/prefix-input.ts';
import type { Problem } from '../http/problem.ts';
import { noAddress, notExpected, nothingOn, nothingToLift, refusedBan, tooManyMatch } from './decision-problems.ts';
import { banBody, banReply, bulkBody, planReply, unbanReply, unbanManyReply } from './decision-change-schemas.ts';
import { agedLapiProblem } from './lapi-age.ts';
import { BASE, problems } from './shared-responses.ts';

const PATH = `${BASE}/decisions`;

/** What one request may lift: LAPI deletes one after the other, some hundred a second. */
const MOST_AT_ONCE = 5_000;

const json = <Schema extends z.ZodType>(schema: Schema) => ({ 'application/json': { schema } });

const postDecisions = createRoute({
  method: 'post',
  path: PATH,
  summary: 'Ban addresses and ranges; answers when Caddy blocks them. With preview=true, only says what would happen',
  request: {
    query: z.strictObject({ preview: z.enum(['true', 'false']).optional() }),
    body: { required: true, content: json(banBody) },
  },
  responses: {
    200: {
      description: 'Banned and confirmed by Caddy, or the preview',
      content: json(z.union([banReply, planReply])),
    },
    202: { description: 'Banned in CrowdSec, and not yet blocked everywhere', content: json(banReply) },
    ...problems,
  },
});

const unbanResponses = {
  200: { description: 'Lifted, and confirmed by Caddy', content: json(unbanReply) },
  202: { description: 'Lifted in CrowdSec, and not yet confirmed by every Caddy', content: json(unbanReply) },
  ...problems,
};

const deleteDecision = createRoute({
  method: 'delete',
  path: `${PATH}/{id}`,
  summary: 'Lift one decision; answers when Caddy has followed, or names what still covers the address',
  request: { params: z.object({ id: z.string().regex(/^\d{1,15}$/, 'expected a number') }) },
  responses: unbanResponses,
});

const deleteDecisions = createRoute({
  method: 'delete',
  path: PATH,
  summary: 'Lift every decision on exactly this address or range',
  request: { query: z.strictObject({ value: z.string().min(1).max(100) }) },
  responses: unbanResponses,
});

const postDelete = createRoute({
  method: 'post',
  path: `${PATH}/delete`,
  summary: 'Lift many decisions: these, or all that pass a filter',
  request: { body: { required: true, content: json(bulkBody) } },
  responses: {
    200: { description: 'Lifted, and confirmed by Caddy', content: json(unbanManyReply) },
    202: { description: 'Lifted in part, or not yet confirmed', content: json(unbanManyReply) },
    ...problems,
  },
});

export interface DecisionChangePorts {
  readonly decisions: DecisionParts;
  readonly protection: Protection;
  readonly clock: Clock;
}

/** What could not be found out. */
interface Noted {
  readonly notes: readonly string[];
}

export function decisionChangeRoutes(ports: DecisionChangePorts) {
  const { decisions, clock } = ports;
  const { table, allowlist, guards, banning, unbanning } = decisions;

  /** Redis may be gone: a ban is then more urgent than what is known of its surroundings. */
  async function plan(c: Context, values: readonly string[], force: boolean): Promise<BanPlan & Noted> {
    const caller = callerGuards(peerOf(c), c.req.header('x-forwarded-for'));
    const known = [...caller, ...(await guards.guards())];
    const allowed = await allowlist().catch(() => undefined);
    await table.catchUp();
    const planned = planBan(values, { guards: known, force, allowlist: allowed ?? [], rows: table.rows });
    const notes = [
      ...(allowed === undefined ? ['the allowlist could not be read'] : []),
      ...(table.state.kind === 'live' ? [] : ['what is banned already is not known for certain now']),
    ];
    return { ...planned, notes };
  }

  return new OpenAPIHono()
    .openapi(postDecisions, async (c) => {
      const { values, duration, type, reason, force } = c.req.valid('json');
      const planned = await plan(c, values, force);
      if (c.req.valid('query').preview === 'true') return c.json(planView(planned), 200);
      if (planned.refused.length > 0) throw refusedBan(planned.refused);
      const result = await banning.ban({ values: planned.accepted, durationMs: duration, type, reason });
      const [first] = result.failed;
      if (result.added.length === 0 && first !== undefined) throw await agedLapiProblem(first.failure, ports);
      const isDone = result.confirmed && result.failed.length === 0;
      return c.json(
        {
          ...planView(planned),
          added: result.added.length,
          ids: [...result.ids],
          failed: result.failed.map(({ value, failure }) => ({ value, reason: failure.message })),
          until: new Date(clock.wall() + duration).toISOString(),
          confirmed: result.confirmed,
          missing: [...result.missing],
          took_ms: result.tookMs,
        },
        isDone ? 200 : 202,
      );
    })
    .openapi(deleteDecision, async (c) => {
      const id = Number(c.req.valid('param').id);
      const outcome = await unbannedOr(await unbanning.ids([id]), () => nothingToLift(id));
      return c.json(unbanView(outcome), outcome.confirmed ? 200 : 202);
    })
    .openapi(deleteDecisions, async (c) => {
      const text = c.req.valid('query').value;
      const value = /\p{Cc}/u.test(text) ? undefined : readPastedPrefix(text);
      if (value === undefined) throw noAddress(text);
      const outcome = await unbannedOr(await unbanning.value(value), (covers) => nothingOn(value, covers));
      return c.json(unbanView(outcome), outcome.confirmed ? 200 : 202);
    })
    .openapi(postDelete, async (c) => {
      const body = c.req.valid('json');
      const ids = 'ids' in body ? [...new Set(body.ids)] : await idsOf(body.filter);
      if ('expected' in body && body.expected !== undefined && ids.length !== body.expected) {
        throw notExpected(ids.length, body.expected);
      }
      if (ids.length > MOST_AT_ONCE) throw tooManyMatch(ids.length, MOST_AT_ONCE);
      const outcome = await unbannedOr(
        ids.length === 0 ? { kind: 'unknown', stillCoveredBy: [] } : await unbanning.ids(ids),
        () => nothingToLift(undefined),
      );
      const isDone = outcome.confirmed && outcome.failed.length === 0;
      const failed = outcome.failed.map(({ value, ...rest }) => ({
        ...rest,
        ...(value === undefined ? {} : { value }),
      }));
      return c.json({ ...unbanView(outcome), asked: ids.length, failed }, isDone ? 200 : 202);
    });

  async function unbannedOr(
    result: UnbanResult,
    unknown: (covers: Extract<UnbanResult, { kind: 'unknown' }>['stillCoveredBy']) => Problem,
  ): Promise<Unbanned> {
    if (result.kind === 'lapi') throw await agedLapiProblem(result.failure, ports);
    if (result.kind === 'unknown') throw unknown(result.stillCoveredBy);
    return result.outcome;
  }

  async function idsOf(filter: Parameters<typeof matchingSlots>[1]): Promise<number[]> {
    await table.catchUp();
    const { rows } = table;
    return matchingSlots(rows, filter).map((slot) => rows.ids[slot] ?? 0);
  }
}

function planView(plan: BanPlan & Noted) {
  return {
    notes: [...plan.notes],
    summary: planSentence(plan),
    values: [...plan.accepted],
    addresses: String(plan.addresses),
    allowlisted_addresses: String(plan.allowlistedAddresses),
    allowlisted: plan.allowlisted.map((entry) => ({ ...entry })),
    already_banned: plan.alreadyBanned.map(({ value, by }) => ({ value, by: coverView(by) })),
    refused: plan.refused.map(({ value, code, reason }) => ({ value: value.slice(0, 100), code, reason })),
  };
}

function coverView({ id, value, origin, scenario, until }: DecisionRow) {
  return { id, value: value as string, origin, scenario, until: new Date(until).toISOString() };
}

function unbanView(outcome: Unbanned) {
  const { deleted, confirmed, tookMs, allowedAgain, stillCoveredBy, missing, lifted } = outcome;
  return {
    summary: unbanSentence(outcome),
    deleted,
    confirmed,
    took_ms: tookMs,
    allowed_again: allowedAgain,
    still_covered_by: stillCoveredBy.map(({ id, value, origin, scenario, until }) => ({
      id,
      value,
      origin,
      scenario,
      until,
    })),
    missing: [...missing],
    lifted: lifted.map((row) => ({ ...coverView(row), type: row.type })),
  };
}
