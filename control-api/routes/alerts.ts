import { createRoute, OpenAPIHono, z } from '@hono/zod-openapi';
import { alertSchema } from '../crowdsec/alerts.ts';
import type { MachineClient } from '../crowdsec/machine-client.ts';
import { flag, limitUpTo } from '../http/cursor.ts';
import { prefixInput } from '../http/prefix-input.ts';
import { lapiProblem } from './lapi-problems.ts';
import { BASE, problems } from './shared-responses.ts';

/** Go's durations, which LAPI takes for times: `since=24h`. */
const ago = z
  .string()
  .regex(/^(\d{1,6}(h|m|s))+$/, 'expected a duration such as 24h')
  .optional();

/** An alert of an import carries all of its decisions: without a time or an address LAPI would send them all. */
const DEFAULT_SINCE = '168h';

const getAlerts = createRoute({
  method: 'get',
  path: `${BASE}/alerts`,
  summary: 'Alerts from LAPI, newest first; of the last week unless asked otherwise',
  request: {
    query: z.strictObject({
      ip: prefixInput.optional(),
      range: prefixInput.optional(),
      scenario: z.string().max(200).optional(),
      origin: z.string().max(50).optional(),
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
      content: { 'application/json': { schema: z.object({ alerts: z.array(alertSchema) }).openapi('Alerts') } },
    },
    ...problems,
  },
});

export interface AlertPorts {
  readonly machine: MachineClient;
}

export function alertRoutes({ machine }: AlertPorts) {
  return new OpenAPIHono().openapi(getAlerts, async (c) => {
    const {
      limit,
      since,
      has_active_decision: active,
      include_community: community,
      ...filters
    } = c.req.valid('query');
    const result = await machine.alerts({
      ...filters,
      since: since ?? (filters.ip === undefined && filters.range === undefined ? DEFAULT_SINCE : undefined),
      ...(active === undefined ? {} : { has_active_decision: String(active) }),
      include_capi: community === true ? undefined : 'false',
      limit: String(limit),
    });
    if (result.kind !== 'ok') throw lapiProblem(result);
    return c.json({ alerts: result.value }, 200);
  });
}
