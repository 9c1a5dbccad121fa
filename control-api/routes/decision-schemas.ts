import { z } from '@hono/zod-openapi';
import { formatDuration } from '../../bouncer/shared/domain/duration.ts';
import { lineUpTo } from '../http/line-input.ts';
import type { Enforced } from '../decisions/enforcement.ts';
import type { DecisionRow } from '../decisions/decision-rows.ts';
import type { TableState } from '../decisions/decision-table.ts';
import { COLUMNS } from '../decisions/row-order.ts';

/** A list in one query parameter, `origin=CAPI,lists`. */
const listOf = (most: number) =>
  lineUpTo(500)
    .transform((text) =>
      text
        .split(',')
        .map((word) => word.trim())
        .filter((word) => word !== ''),
    )
    .pipe(z.array(z.string()).max(most))
    .optional()
    .openapi({ type: 'string' });

/** What a list, an export and a bulk deletion are narrowed by. */
export const filterFields = {
  q: lineUpTo(200).optional().openapi({ description: 'text in any column; an address finds the ranges that cover it' }),
  origin: listOf(20).openapi({ description: 'as LAPI spells them, or local, community, lists; comma-separated' }),
  type: listOf(20).openapi({ example: 'ban' }),
  scope: listOf(2).openapi({ description: 'ip, range' }),
  country: listOf(50).openapi({ description: 'ISO 3166 codes, or unknown' }),
};

/** `sort=until`, `sort=-until`: descending with a minus. */
export const sortInput = z
  .string()
  .regex(new RegExp(`^-?(${COLUMNS.join('|')})$`), `expected one of ${COLUMNS.join(', ')}, with - for descending`)
  .transform((text) => ({
    column: COLUMNS.find((column) => column === text.replace('-', '')) ?? 'id',
    isDescending: text.startsWith('-'),
  }))
  .openapi({ type: 'string', example: '-until' });

export const decisionSchema = z
  .object({
    id: z.number().int(),
    value: z.string().openapi({ example: '203.0.113.9' }),
    scope: z.enum(['Ip', 'Range']),
    type: z.string(),
    origin: z.string(),
    scenario: z.string().openapi({ description: 'comes from outside: hostile text' }),
    country: z.string().nullable(),
    as_name: z.string().nullable(),
    duration: z.string().openapi({ description: 'what is left of it', example: '3h59m58s' }),
    until: z.string(),
    enforced: z.union([z.boolean(), z.literal('pending')]).openapi({
      description: 'whether every Caddy blocks it now, by the default policy; pending while that is not confirmed',
    }),
  })
  .openapi('Decision');

export type DecisionView = z.infer<typeof decisionSchema>;

export function decisionView({ until, ...row }: DecisionRow, enforced: Enforced, now: number): DecisionView {
  return { ...row, duration: formatDuration(until - now), until: new Date(until).toISOString(), enforced };
}

export const coverSchema = z
  .object({ id: z.number().int(), value: z.string(), origin: z.string(), scenario: z.string(), until: z.string() })
  .openapi('CoveringDecision');

export const tableStateSchema = z
  .object({
    state: z.enum(['loading', 'live', 'stale']),
    as_of: z.string().optional(),
    age_seconds: z.number().int().optional(),
    reason: z.string().optional(),
  })
  .openapi('DecisionsState');

/** @param trouble what makes even a table that was just read old: no bouncer, or no LAPI behind it. */
export function tableStateView(
  state: TableState,
  trouble: { readonly since: number | undefined; readonly reason: string } | undefined,
  now: number,
): z.infer<typeof tableStateSchema> {
  if (state.kind === 'loading') return { state: 'loading', reason: state.reason };
  const isStale = state.kind === 'stale' || trouble !== undefined;
  const asOf = Math.min(state.asOf, trouble?.since ?? state.asOf);
  const reason = state.kind === 'stale' ? state.reason : trouble?.reason;
  return {
    state: isStale ? 'stale' : 'live',
    as_of: new Date(asOf).toISOString(),
    age_seconds: Math.max(0, Math.round((now - asOf) / 1_000)),
    ...(reason === undefined ? {} : { reason }),
  };
}
