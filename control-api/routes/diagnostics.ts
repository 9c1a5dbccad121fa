import { createRoute, OpenAPIHono, z } from '@hono/zod-openapi';
import { CHECK_STATUSES, type Diagnosed } from '../diagnostics/check.ts';
import { type Finding, runChecks } from '../diagnostics/run-checks.ts';
import { sharedAnswer } from '../shared-answer.ts';
import { BASE, problems } from './shared-responses.ts';

const connectionSchema = z.object({
  status: z.string().openapi({ description: 'healthy or reachable when all is well' }),
  latency_ms: z.number().optional(),
  error: z.string().optional(),
  hint: z.string().optional(),
});

const connectivitySchema = z
  .object({
    lapi: connectionSchema,
    capi: connectionSchema,
    hub: connectionSchema,
    redis: connectionSchema,
    caddy: connectionSchema,
    bouncer: connectionSchema,
  })
  .openapi('Connectivity');

const configSchema = z
  .object({
    valid: z.boolean().openapi({ description: 'whether no check failed' }),
    checks: z.array(
      z.object({
        id: z.string(),
        title: z.string(),
        status: z.enum(CHECK_STATUSES),
        message: z.string(),
        hint: z.string().optional(),
      }),
    ),
  })
  .openapi('ConfigDiagnostics');

const getConnectivity = createRoute({
  method: 'get',
  path: `${BASE}/diagnostics/connectivity`,
  summary: 'Tests LAPI, the Central API, the Hub, Redis, Caddy and the bouncer',
  responses: {
    200: { description: 'How each was reached', content: { 'application/json': { schema: connectivitySchema } } },
    ...problems,
  },
});

const getConfig = createRoute({
  method: 'get',
  path: `${BASE}/diagnostics/config`,
  summary: 'Validates files, accounts, enrollment, heartbeats and rules',
  responses: {
    200: { description: 'Every check', content: { 'application/json': { schema: configSchema } } },
    ...problems,
  },
});

export type DiagnosticsPorts = Omit<Diagnosed, 'bouncers'>;

export function diagnosticsRoutes(ports: DiagnosticsPorts) {
  const connections = sharedAnswer(() => runChecks(ports, ports.config, 'connection'), ports.clock);
  const configuration = sharedAnswer(() => runChecks(ports, ports.config, 'configuration'), ports.clock);
  return new OpenAPIHono()
    .openapi(getConnectivity, async (c) => {
      const findings = await connections();
      const one = (id: string) => connection(findings.find((finding) => finding.id === id));
      return c.json(
        {
          lapi: one('lapi'),
          capi: one('capi'),
          hub: one('hub'),
          redis: one('redis'),
          caddy: one('caddy'),
          bouncer: one('bouncer'),
        },
        200,
      );
    })
    .openapi(getConfig, async (c) => {
      const findings = await configuration();
      const checks = findings.map(({ id, title, status, message, hint }) => ({
        id,
        title,
        status,
        message,
        ...(hint === undefined ? {} : { hint }),
      }));
      return c.json({ valid: findings.every(({ status }) => status !== 'failed'), checks }, 200);
    });
}

/** Where all is well there is nothing but the two fields that the documentation shows. */
function connection(finding: Finding | undefined): z.infer<typeof connectionSchema> {
  if (finding === undefined) throw new Error('a documented check is not in the list');
  const { word, status, latencyMs, message, hint } = finding;
  return {
    status: word,
    ...(latencyMs === undefined ? {} : { latency_ms: latencyMs }),
    ...(status === 'ok' ? {} : { error: message, ...(hint === undefined ? {} : { hint }) }),
  };
}
