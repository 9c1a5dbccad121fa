import { z } from '@hono/zod-openapi';
import { parseDuration } from '../../bouncer/shared/domain/duration.ts';

const DAY_MS = 86_400_000;
const LEAST_MS = 1_000;
const MOST_MS = 10 * 365 * DAY_MS;

/** Milliseconds, from `4h`, `30m`, `90s`, and from days as people write them: `7d`, `1d12h`. */
export const durationInput = z
  .string()
  .max(32)
  .transform((text, context): number => {
    const [, days = '0', rest = ''] = /^(?:(\d{1,4})d)?(.*)$/s.exec(text.trim()) ?? [];
    const clock = rest === '' ? (days === '0' ? undefined : 0) : parseDuration(rest);
    const milliseconds = clock === undefined ? Number.NaN : Number(days) * DAY_MS + clock;
    if (milliseconds >= LEAST_MS && milliseconds <= MOST_MS) return milliseconds;
    context.addIssue({ code: 'custom', message: 'this is not a duration between 1s and 3650d, such as 4h or 7d' });
    return z.NEVER;
  })
  .openapi({ type: 'string', example: '4h' });

/** Nothing that breaks a line, and nothing that a screen does not show. */
const PLAIN = /^[^\p{Cc}\p{Cf}\u2028\u2029]*$/u;

/** Words of a person that travel to logs, LAPI and other people's screens: one line, no control characters. */
export const reasonInput = z
  .string()
  .trim()
  .max(200)
  .regex(PLAIN, 'a reason is one line of text')
  .openapi({ pattern: PLAIN.source });
