import { createRoute, OpenAPIHono, z } from '@hono/zod-openapi';
import { stream } from 'hono/streaming';
import type { Clock } from '../../bouncer/shared/runtime/clock.ts';
import type { DecisionParts } from '../decisions/decision-parts.ts';
import { enforcedRows, enforcement, type EnforcementFacts } from '../decisions/enforcement.ts';
import { csvHeader, exportRows, EXPORT_FORMATS } from '../decisions/export-rows.ts';
import { decodeCursor, encodeCursor, invalidCursor } from '../decisions/page-cursor.ts';
import { rowOrder } from '../decisions/row-order.ts';
import { rowPage } from '../decisions/row-page.ts';
import { limitUpTo } from '../http/cursor.ts';
import { Problem } from '../http/problem.ts';
import type { Protection } from '../protection/protection.ts';
import {
  decisionSchema,
  decisionView,
  filterFields,
  sortInput,
  tableStateSchema,
  tableStateView,
} from './decision-schemas.ts';
import { BASE, problems } from './shared-responses.ts';

const PATH = `${BASE}/decisions`;

/** Newest bans first: the highest id. */
const DEFAULT_SORT = { column: 'id', isDescending: true } as const;

const counts = z.record(z.string(), z.number().int());

const pageSchema = z
  .object({
    decisions: z.array(decisionSchema),
    total: z.number().int().openapi({ description: 'how many are live' }),
    matching: z.number().int().openapi({ description: 'how many pass the filter, over all pages' }),
    facets: z.object({ origin: counts, type: counts, country: counts }).openapi({
      description: 'how many each choice would leave, with the choices of the other two kept',
    }),
    table: tableStateSchema,
    enforcement: z.object({ state: z.enum(['on', 'off', 'pending']), reason: z.string().optional() }),
    locating: z.boolean().openapi({ description: 'countries are still being looked up' }),
    next_cursor: z.string().optional(),
  })
  .openapi('DecisionPage');

const getDecisions = createRoute({
  method: 'get',
  path: PATH,
  summary: 'Live decisions: the set that the bouncer acts on; sorted, filtered and counted as a whole',
  request: {
    query: z.strictObject({
      ...filterFields,
      sort: sortInput.optional(),
      cursor: z.string().max(1_000).optional(),
      limit: limitUpTo(200, 50),
    }),
  },
  responses: { 200: { description: 'A page', content: { 'application/json': { schema: pageSchema } } }, ...problems },
});

const getExport = createRoute({
  method: 'get',
  path: `${PATH}/export`,
  summary: 'All decisions that pass the same filters, as a file',
  request: { query: z.strictObject({ ...filterFields, sort: sortInput.optional(), format: z.enum(EXPORT_FORMATS) }) },
  responses: {
    200: {
      description: 'The file',
      content: {
        'application/json': { schema: z.array(decisionSchema) },
        'text/csv': { schema: z.string() },
      },
    },
    ...problems,
  },
});

export interface DecisionPorts {
  readonly decisions: DecisionParts;
  readonly protection: Protection;
  readonly clock: Clock;
}

export function decisionRoutes({ decisions, protection, clock }: DecisionPorts) {
  const { table, allowlist } = decisions;

  /** Redis may be gone: the last that was seen is still worth showing, with its age. */
  async function facts() {
    const bouncers = await protection.bouncers().catch(() => undefined);
    const unheard = bouncers?.length === 0 ? (await protection.silence()).because : undefined;
    const arrivalOf = (id: number) => table.unconfirmedArrivalOf(id);
    return { bouncers, unheard, allowlist: await allowlist().catch(() => []), arrivalOf, notedSince: table.notedSince };
  }

  return new OpenAPIHono()
    .openapi(getDecisions, async (c) => {
      const { sort = DEFAULT_SORT, cursor, limit, ...filter } = c.req.valid('query');
      const begin = cursor === undefined ? undefined : decodeCursor(cursor, sort);
      const known = await facts();
      // From here to the answer in one turn of the event loop: rows move with the next batch.
      const { rows } = table;
      const enforced = enforcedRows(rows, known);
      const order = rowOrder(rows, sort.column, sort.isDescending, (slot) => enforced(slot) !== false);
      const isAfter = begin === undefined ? undefined : order.after(begin.key, begin.id);
      if (begin !== undefined && isAfter === undefined) throw invalidCursor('its place is none in this order');
      const page = rowPage(rows, filter, order, limit, isAfter);
      const last = page.isLast ? undefined : page.slots.at(-1);
      const overall = enforcement(known.bouncers, known.unheard);
      const now = clock.wall();
      return c.json(
        {
          decisions: page.slots.map((slot) => decisionView(rows.row(slot), enforced(slot), now)),
          total: rows.size,
          matching: page.matching,
          facets: {
            origin: { ...page.facets.origin },
            type: { ...page.facets.type },
            country: { ...page.facets.country },
          },
          table: tableStateView(table.state, troubleOf(known, protection.offlineSince), now),
          enforcement: { state: overall.kind, ...('reason' in overall ? { reason: overall.reason } : {}) },
          locating: !rows.isLocated,
          ...(last === undefined
            ? {}
            : { next_cursor: encodeCursor({ ...sort, key: order.keyOf(last), id: rows.ids[last] ?? 0 }) }),
        },
        200,
      );
    })
    .openapi(getExport, async (c) => {
      const { format, sort = DEFAULT_SORT, ...filter } = c.req.valid('query');
      const known = await facts();
      if (table.state.kind === 'loading') throw stillLoading(table.state.reason);
      const chunks = exportRows({ table, filter, sort, format, facts: known, now: clock.wall() });
      c.header('content-type', format === 'csv' ? 'text/csv; charset=utf-8' : 'application/json');
      c.header('content-disposition', `attachment; filename="decisions.${format}"`);
      return stream(c, async (out) => {
        if (format === 'csv') await out.write(csvHeader());
        for (const chunk of chunks) await out.write(chunk);
      }); // the types know no stream
    });
}

/** What Redis holds is as old as the last word of a bouncer, and that as old as its last pull. */
export function troubleOf(
  { bouncers, unheard }: Pick<EnforcementFacts, 'bouncers' | 'unheard'>,
  offlineSince: string | undefined,
): { since: number | undefined; reason: string } | undefined {
  if (bouncers === undefined) return undefined; // then the table itself is not fresh
  if (bouncers.length === 0) {
    const since = offlineSince === undefined ? undefined : Date.parse(offlineSince);
    return { since, reason: unheard ?? 'no bouncer is alive' };
  }
  if (bouncers.some(({ lapi }) => lapi.state !== 'down')) return undefined;
  const pulls = bouncers.flatMap(({ lapi }) =>
    lapi.last_pull_at === undefined ? [] : [Date.parse(lapi.last_pull_at)],
  );
  const reason = `LAPI does not answer the bouncer: ${bouncers[0]?.lapi.error ?? 'no answer'}`;
  return { since: pulls.length === 0 ? undefined : Math.max(...pulls), reason };
}

function stillLoading(reason: string): Problem {
  return new Problem({
    status: 503,
    code: 'decisions_loading',
    title: 'The decisions are not known yet',
    detail: `There is nothing to export: ${reason}.`,
    hint: 'Start the bouncer, or try again in a few seconds.',
    headers: { 'retry-after': '5' },
  });
}
