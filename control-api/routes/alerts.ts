import { createRoute, OpenAPIHono, z } from '@hono/zod-openapi';
import type { Clock } from '../../bouncer/shared/runtime/clock.ts';
import { type Alert, alertSchema } from '../crowdsec/alerts.ts';
import type { MachineClient } from '../crowdsec/machine-client.ts';
import { flag, limitUpTo } from '../http/cursor.ts';
import { lineUpTo } from '../http/line-input.ts';
import { prefixInput } from '../http/prefix-input.ts';
import { Problem } from '../http/problem.ts';
import type { Protection } from '../protection/protection.ts';
import { agedLapiProblem } from './lapi-age.ts';
import { BASE, problems } from './shared-responses.ts';

/** Go's durations, which LAPI takes for times: `since=24h`. */
const ago = z
  .string()
  .regex(/^(\d{1,6}(h|m|s))+$/, 'expected a duration such as 24h')
  .optional();

/** An alert of an import carries all of its decisions: without a time or an address LAPI would send them all. */
const DEFAULT_SINCE = '168h';

/** An import's alert carries every decision of it: a list shows the first few, and says how many there are. */
const MOST_DECISIONS = { list: 20, one: 1_000 };

const alertView = alertSchema.extend({ decisions_count: z.number().int() }).openapi('Alert');

const getAlerts = createRoute({
  method: 'get',
  path: `${BASE}/alerts`,
  summary: 'Alerts from LAPI, newest first; of the last week unless asked otherwise',
  request: {
    query: z.strictObject({
      ip: prefixInput.optional(),
      range: prefixInput.optional(),
      scenario: lineUpTo(200).optional(),
      origin: lineUpTo(50).optional(),
      since: ago,
      until: ago,
      has_active_decision: flag.optional(),
      include_community: flag.optional(),
      limit: limitUpTo(500, 50),
    }),
  },
  responses: {
    200: {
      description: 'Alerts; every text in them may come from an attacker',
      content: { 'application/json': { schema: z.object({ alerts: z.array(alertView) }).openapi('Alerts') } },
    },
    ...problems,
  },
});

const getAlert = createRoute({
  method: 'get',
  path: `${BASE}/alerts/{id}`,
  summary: 'One alert, with its events',
  request: { params: z.object({ id: z.string().regex(/^\d{1,15}$/, 'expected a number') }) },
  responses: {
    200: {
      description: 'It; every text in it may come from an attacker',
      content: { 'application/json': { schema: alertView } },
    },
    ...problems,
  },
});

export interface AlertPorts {
  readonly machine: MachineClient;
  readonly protection: Protection;
  readonly clock: Clock;
}

export function alertRoutes(ports: AlertPorts) {
  const { machine } = ports;
  return new OpenAPIHono()
    .openapi(getAlerts, async (c) => {
      const {
        limit,
        since,
        has_active_decision: active,
        include_community: community,
        ...filters
      } = c.req.valid('query');
      const query = {
        ...filters,
        since: since ?? (filters.ip === undefined && filters.range === undefined ? DEFAULT_SINCE : undefined),
        ...(active === undefined ? {} : { has_active_decision: String(active) }),
        include_capi: community === true ? undefined : 'false',
      };
      const result = await machine.alerts(query, limit);
      if (result.kind !== 'ok') throw await agedLapiProblem(result, ports);
      return c.json({ alerts: result.value.map((alert) => shortened(alert, MOST_DECISIONS.list)) }, 200);
    })
    .openapi(getAlert, async (c) => {
      const id = Number(c.req.valid('param').id);
      const result = await machine.alert(id);
      if (result.kind !== 'ok') throw await agedLapiProblem(result, ports);
      if (result.value === undefined) throw noSuchAlert(id);
      return c.json(shortened(result.value, MOST_DECISIONS.one), 200);
    });
}

function shortened(alert: Alert, most: number) {
  return { ...alert, decisions: alert.decisions.slice(0, most), decisions_count: alert.decisions.length };
}

function noSuchAlert(id: number): Problem {
  return new Problem({
    status: 404,
    code: 'no_such_alert',
    title: 'There is no such alert',
    detail: `LAPI has no alert ${id}; it keeps them for a while only.`,
    hint: 'Ask for the list again: GET /alerts.',
  });
}
