import { createRoute, OpenAPIHono, z } from '@hono/zod-openapi';
import type { Enrollment } from '../enrollment/enrollment.ts';
import type { EnrollmentFailureReason } from '../enrollment/enrollment-failure.ts';
import { readEnrollmentKey } from '../enrollment/enrollment-key.ts';
import { type EnrollmentRecord, enrollmentRecordSchema } from '../enrollment/enrollment-record.ts';
import type { Heartbeat } from '../heartbeat/heartbeat.ts';
import { heartbeatRecordSchema } from '../heartbeat/heartbeat-record.ts';
import { Problem } from '../http/problem.ts';
import { BASE, problems } from './shared-responses.ts';

const recordReply = {
  description: 'Where the enrollment stands',
  content: { 'application/json': { schema: enrollmentRecordSchema.openapi('Enrollment') } },
};

/** Words that `cscli` takes as an argument: nothing that could be read as an option. */
const LABEL = /^[\p{L}\p{N}_.][\p{L}\p{N}_. :@/-]{0,63}$/u;

const label = z
  .string()
  .trim()
  .regex(LABEL, '1 to 64 letters, digits, spaces and _ . - : @ /')
  .openapi({ pattern: LABEL.source });

const postEnroll = createRoute({
  method: 'post',
  path: `${BASE}/console/enroll`,
  summary: 'Enroll this engine in the CrowdSec Console; registers it at the Central API first, if need be',
  request: {
    body: {
      required: true,
      content: {
        'application/json': {
          schema: z.strictObject({
            enrollment_key: z
              .string()
              .openapi({ description: 'the key, or the whole line that the Console offers for copying' }),
            name: label.optional(),
            tags: z.array(label).max(20).optional(),
            overwrite: z.boolean().optional().openapi({ description: 'move an engine that is enrolled already' }),
          }),
        },
      },
    },
  },
  responses: { 200: recordReply, ...problems },
});

const getStatus = createRoute({
  method: 'get',
  path: `${BASE}/console/status`,
  summary: 'Where the enrollment stands',
  responses: { 200: recordReply, ...problems },
});

const deleteEnrollment = createRoute({
  method: 'delete',
  path: `${BASE}/console/enrollment`,
  summary: 'Forget what is known here of the enrollment; remove the engine from the Console in its own web page',
  responses: { 200: recordReply, ...problems },
});

const heartbeatReply = z
  .object({
    sent: z.literal(true),
    latency_ms: z.number(),
    heartbeat: heartbeatRecordSchema,
    enrollment: enrollmentRecordSchema.optional(),
  })
  .openapi('HeartbeatSent');

const postHeartbeat = createRoute({
  method: 'post',
  path: `${BASE}/console/heartbeat`,
  summary: 'Contact the Central API now; also puts right what is known of the enrollment',
  responses: {
    200: { description: 'It was reached', content: { 'application/json': { schema: heartbeatReply } } },
    ...problems,
  },
});

export interface ConsolePorts {
  readonly enrollment: Enrollment;
  readonly heartbeat: Heartbeat;
}

export function consoleRoutes({ enrollment, heartbeat }: ConsolePorts) {
  return new OpenAPIHono()
    .openapi(getStatus, async (c) => c.json(await enrollment.status(), 200))
    .openapi(deleteEnrollment, async (c) => {
      const record = await enrollment.forget();
      if (record === undefined) throw busy();
      return c.json(record, 200);
    })
    .openapi(postEnroll, async (c) => {
      const { enrollment_key, ...options } = c.req.valid('json');
      const read = readEnrollmentKey(enrollment_key);
      if (read.kind === 'invalid') throw invalidKey(read.message);
      const outcome = await enrollment.enroll({ key: read.key, ...options });
      if (outcome.kind === 'busy') throw busy();
      if (outcome.kind === 'failed') throw enrollmentProblem(outcome.record, outcome.retryAfterMs);
      return c.json(outcome.record, 200);
    })
    .openapi(postHeartbeat, async (c) => {
      const outcome = await heartbeat.send();
      if (outcome.kind === 'sent') {
        const { record, enrollment: settled } = outcome;
        const latency = record.last_latency_ms ?? 0;
        const known = settled === undefined ? {} : { enrollment: settled };
        return c.json({ sent: true as const, latency_ms: latency, heartbeat: record, ...known }, 200);
      }
      const { code, message, hint, retryAfterMs } = outcome.failure;
      throw new Problem({
        status: (
          {
            capi_not_registered: 409,
            capi_unreachable: 502,
            capi_refused: 502,
            rate_limited: 429,
            cscli_unavailable: 503,
          } as const
        )[code],
        code,
        title: 'The heartbeat was not sent',
        detail: message,
        hint,
        ...retryAfter(retryAfterMs),
      });
    });
}

/** What HTTP calls each failure; the code stays the same everywhere. */
const STATUS: Readonly<Record<EnrollmentFailureReason, 400 | 403 | 409 | 429 | 500 | 502 | 503 | 504>> = {
  token_expired: 400,
  unauthorized: 403,
  invalid_enrollment_key: 400,
  already_enrolled: 409,
  capi_unreachable: 502,
  capi_not_registered: 409,
  lapi_unavailable: 503,
  rate_limited: 429,
  timeout: 504,
  interrupted: 500,
  cscli_unavailable: 503,
  unknown: 502,
};

function enrollmentProblem(record: EnrollmentRecord, retryAfterMs: number | undefined): Problem {
  const reason = record.reason ?? 'unknown';
  return new Problem({
    status: STATUS[reason],
    code: reason,
    title: 'The enrollment failed',
    detail: record.message ?? 'The enrollment failed.',
    hint: record.next_step ?? '',
    ...retryAfter(retryAfterMs),
  });
}

function retryAfter(milliseconds: number | undefined): { headers?: Record<string, string> } {
  return milliseconds === undefined ? {} : { headers: { 'retry-after': String(Math.ceil(milliseconds / 1_000)) } };
}

function invalidKey(message: string): Problem {
  return new Problem({
    status: 400,
    code: 'invalid_enrollment_key',
    title: 'That is not an enrollment key',
    detail: `invalid enrollment key: ${message}`,
    hint: 'Copy it from app.crowdsec.net, Instances → Add Instance: the key, or the whole line. Nothing was sent.',
  });
}

function busy(): Problem {
  return new Problem({
    status: 409,
    code: 'enrollment_under_way',
    title: 'An enrollment is under way',
    detail: 'Another enrollment of this engine has not ended yet.',
    hint: 'Wait for it (GET /console/status); one that was interrupted is given up after two minutes.',
  });
}
