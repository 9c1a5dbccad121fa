import { z } from '@hono/zod-openapi';
import { durationInput, reasonInput } from '../http/duration-input.ts';
import { coverSchema, filterFields } from './decision-schemas.ts';

/** More at once is a file for `cscli decisions import`. */
const MOST_VALUES = 1_000;

/** A name such as `ban`, `captcha`, or one of somebody's own profile. */
const typeInput = z.string().regex(/^[a-z][a-z0-9_-]{0,31}$/, 'a type is a lower-case word such as ban');

export const banBody = z
  .strictObject({
    values: z
      .array(z.string().max(100))
      .min(1)
      .max(MOST_VALUES, `at most ${MOST_VALUES} values at once; for longer lists use cscli decisions import`)
      .openapi({ description: 'addresses and ranges, in any spelling', example: ['203.0.113.9', '198.51.100.0/24'] }),
    duration: durationInput.prefault('4h'),
    type: typeInput.default('ban'),
    reason: reasonInput.default('manual ban'),
    force: z
      .boolean()
      .default(false)
      .openapi({ description: 'also what would be refused: private ranges, yourself, …' }),
  })
  .openapi('Ban');

export const planReply = z
  .object({
    summary: z.string().openapi({ example: 'covers 256 addresses, 1 allowlisted' }),
    values: z.array(z.string()).openapi({ description: 'what is banned, in canonical spelling, each once' }),
    addresses: z.string().openapi({ description: 'how many addresses that is; a decimal number, as it may be huge' }),
    allowlisted_addresses: z.string(),
    allowlisted: z.array(z.object({ value: z.string(), by: z.string() })),
    already_banned: z.array(z.object({ value: z.string(), by: coverSchema })),
    refused: z.array(z.object({ value: z.string(), code: z.string(), reason: z.string() })),
    notes: z.array(z.string()).openapi({ description: 'what could not be found out for this' }),
  })
  .openapi('BanPreview');

export const banReply = planReply
  .extend({
    added: z.number().int(),
    ids: z.array(z.number().int()).openapi({
      description: 'the decisions that this made, as far as they have come in: what lifts them again',
    }),
    failed: z.array(z.object({ value: z.string(), reason: z.string() })),
    until: z.string(),
    confirmed: z.boolean().openapi({ description: 'whether every Caddy has the change' }),
    missing: z.array(z.string()).openapi({ description: 'what is still missing, in words; empty when confirmed' }),
    took_ms: z.number().int(),
  })
  .openapi('BanReply');

export const unbanReply = z
  .object({
    summary: z.string().openapi({ example: '1 decision lifted: allowed again, 0.2 s' }),
    deleted: z.number().int(),
    confirmed: z.boolean().openapi({ description: 'whether every Caddy has the change' }),
    took_ms: z.number().int(),
    allowed_again: z.boolean().openapi({ description: 'whether Caddy lets all of it through now' }),
    still_covered_by: z.array(coverSchema),
    missing: z.array(z.string()),
    lifted: z.array(coverSchema.extend({ type: z.string() })).openapi({ description: 'enough to ban again' }),
  })
  .openapi('UnbanReply');

export const unbanManyReply = unbanReply
  .extend({
    asked: z.number().int(),
    failed: z.array(z.object({ id: z.number().int(), value: z.string().optional(), reason: z.string() })),
  })
  .openapi('UnbanManyReply');

/** In JSON a list is a list. */
const words = (most: number) => z.array(z.string().max(100)).max(most).optional();

const bulkFilter = z
  .strictObject({
    q: filterFields.q,
    origin: words(20),
    type: words(20),
    scope: words(2),
    country: words(50),
  })
  .refine((filter) => Object.values(filter).some((value) => value !== undefined && value.length > 0), {
    message: 'an empty filter would lift everything: narrow it',
  });

export const bulkBody = z
  .union([
    z.strictObject({
      ids: z.array(z.number().int().nonnegative().max(Number.MAX_SAFE_INTEGER)).min(1).max(MOST_VALUES),
    }),
    z.strictObject({
      filter: bulkFilter,
      expected: z.number().int().nonnegative().optional().openapi({
        description: 'how many that was when it was shown; nothing is lifted when it is another number now',
      }),
    }),
  ])
  .openapi('BulkUnban');
