import { createRoute, OpenAPIHono, z } from '@hono/zod-openapi';
import { POLICIES } from '../../bouncer/shared/domain/policy.ts';
import { type Engine, ENGINE_STATES } from '../crowdsec/engine.ts';
import type { Enrollment } from '../enrollment/enrollment.ts';
import { enrollmentRecordSchema } from '../enrollment/enrollment-record.ts';
import type { Heartbeat } from '../heartbeat/heartbeat.ts';
import { heartbeatRecordSchema } from '../heartbeat/heartbeat-record.ts';
import { bouncerSummarySchema, HEARD, summarize } from '../protection/bouncer-summary.ts';
import type { Protection } from '../protection/protection.ts';
import { BASE, problems } from './shared-responses.ts';

export const engineSchema = z.object({
  mode: z.enum(['external', 'managed']),
  state: z.enum(ENGINE_STATES),
  since: z.string(),
  version: z.string().optional(),
  error: z.string().optional(),
});

const statusSchema = z
  .object({
    enabled: z.boolean(),
    policy: z.enum(POLICIES),
    engine: engineSchema,
    bouncer: bouncerSummarySchema,
    enrollment: enrollmentRecordSchema,
    heartbeat: heartbeatRecordSchema,
  })
  .openapi('Status');

const getStatus = createRoute({
  method: 'get',
  path: `${BASE}/status`,
  summary: 'What is wanted, and what is',
  responses: {
    200: { description: 'The whole state', content: { 'application/json': { schema: statusSchema } } },
    ...problems,
  },
});

export interface StatusPorts {
  readonly protection: Protection;
  readonly engine: Engine;
  readonly enrollment: Enrollment;
  readonly heartbeat: Heartbeat;
}

export function statusRoutes({ protection, engine, enrollment, heartbeat }: StatusPorts) {
  return new OpenAPIHono().openapi(getStatus, async (c) => {
    const [wanted, bouncers, engineStatus, enrolled, beat] = await Promise.all([
      protection.wanted(),
      protection.bouncers(),
      engine.status(),
      enrollment.status(),
      heartbeat.record(),
    ]);
    const bouncer = summarize(bouncers, bouncers.length > 0 ? HEARD : await protection.silence());
    return c.json({ ...wanted, engine: engineStatus, bouncer, enrollment: enrolled, heartbeat: beat }, 200);
  });
}
