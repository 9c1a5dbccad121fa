import { z } from '@hono/zod-openapi';
import type { RedisLink } from '../../bouncer/shared/redis/client.ts';
import { keys } from '../../bouncer/shared/redis/keys.ts';
import { parseJson } from '../parse-json.ts';
import { ENROLLMENT_FAILURES } from './enrollment-failure.ts';

export const ENROLLMENT_STATES = ['not_enrolled', 'enrolling', 'pending_acceptance', 'enrolled', 'failed'] as const;

export const enrollmentRecordSchema = z.object({
  state: z.enum(ENROLLMENT_STATES),
  since: z.string().optional(),
  /** With `failed`: why, for programs. */
  reason: z.enum(ENROLLMENT_FAILURES).optional(),
  /** With `pending_acceptance`: whether it was accepted, this CrowdSec cannot tell for certain. */
  may_be_accepted: z.boolean().optional(),
  /** For people. */
  message: z.string().optional(),
  next_step: z.string().optional(),
  /** With `enrolled`: what to run for the next step. */
  command: z.string().optional(),
  /** Whether the same request may succeed later. */
  retry_helps: z.boolean().optional(),
  attempts: z.number().int().optional(),
  name: z.string().optional(),
  tags: z.array(z.string()).optional(),
});

export type EnrollmentRecord = z.infer<typeof enrollmentRecordSchema>;

export const NOT_ENROLLED: EnrollmentRecord = { state: 'not_enrolled' };

export async function readEnrollment(redis: RedisLink): Promise<EnrollmentRecord> {
  const text = await redis.commands.get(keys.enrollment);
  const parsed = enrollmentRecordSchema.safeParse(text === null ? undefined : parseJson(text));
  return parsed.success ? parsed.data : NOT_ENROLLED;
}

export async function writeEnrollment(redis: RedisLink, record: EnrollmentRecord): Promise<void> {
  await redis.commands.set(keys.enrollment, JSON.stringify(record));
}

/** Only where there is none: another control API may have written a newer one. */
export async function restoreEnrollment(redis: RedisLink, record: EnrollmentRecord): Promise<void> {
  await redis.commands.setnx(keys.enrollment, JSON.stringify(record));
}
