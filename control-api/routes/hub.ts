import { createRoute, OpenAPIHono, z } from '@hono/zod-openapi';
import { lineUpTo } from '../http/line-input.ts';
import { cursorAt, flag, limitUpTo, offsetOf } from '../http/cursor.ts';
import type { HubIndex } from '../hub/hub-index.ts';
import { HUB_STATUSES, HUB_TYPES, type HubItem, isInstalled, keyOf } from '../hub/hub-item.ts';
import { searchHub } from '../hub/hub-search.ts';
import { PRESETS, viewPreset } from '../hub/presets.ts';
import { hubUnavailable, noSuchItem } from './hub-problems.ts';
import { itemParams, itemSchema, itemView, refSchema } from './hub-schemas.ts';
import { BASE, problems } from './shared-responses.ts';

const pageSchema = z
  .object({
    items: z.array(itemSchema),
    total: z.number().int().openapi({ description: 'how many match, over all pages' }),
    counts: z.record(z.enum(HUB_TYPES), z.number().int()).openapi({ description: 'how many match, by type' }),
    installed: z.number().int(),
    updates: z.number().int().openapi({ description: 'installed items with a newer version, over the whole Hub' }),
    index_updated_at: z.string(),
    next_cursor: z.string().optional(),
  })
  .openapi('HubPage');

const getItems = createRoute({
  method: 'get',
  path: `${BASE}/hub/items`,
  summary: 'Browse and search the Hub; from the local index, so also offline',
  request: {
    query: z.strictObject({
      q: lineUpTo(200).optional(),
      type: z.enum(HUB_TYPES).optional(),
      installed: flag.optional(),
      status: z.enum(HUB_STATUSES).optional(),
      cursor: z.string().max(100).optional(),
      limit: limitUpTo(500, 50),
    }),
  },
  responses: { 200: { description: 'A page', content: { 'application/json': { schema: pageSchema } } }, ...problems },
});

const detailSchema = itemSchema
  .omit({ parts: true })
  .extend({
    parts: z.array(refSchema.extend({ status: z.enum([...HUB_STATUSES, 'unavailable']) })),
    readme: z.string().openapi({ description: 'Markdown; somebody else’s words' }),
    content: z.string().openapi({ description: 'YAML' }),
  })
  .openapi('HubItemDetail');

const getItem = createRoute({
  method: 'get',
  path: `${BASE}/hub/items/{type}/{author}/{name}`,
  summary: 'One item, with what it brings along and what it is made of',
  request: { params: itemParams },
  responses: {
    200: { description: 'The item', content: { 'application/json': { schema: detailSchema } } },
    ...problems,
  },
});

const presetsSchema = z
  .object({
    presets: z.array(
      z.object({
        id: z.string(),
        title: z.string(),
        description: z.string(),
        state: z.enum(['installed', 'partly_installed', 'not_installed', 'unavailable']),
        items: z.array(refSchema.extend({ status: z.enum([...HUB_STATUSES, 'unavailable']) })),
      }),
    ),
  })
  .openapi('HubPresets');

const getPresets = createRoute({
  method: 'get',
  path: `${BASE}/hub/presets`,
  summary: 'What people who run Caddy install, in plain words, with its state',
  responses: {
    200: { description: 'The cards', content: { 'application/json': { schema: presetsSchema } } },
    ...problems,
  },
});

export interface HubReadPorts {
  readonly hub: HubIndex;
}

export function hubRoutes({ hub }: HubReadPorts) {
  return new OpenAPIHono()
    .openapi(getItems, async (c) => {
      const { cursor, limit, ...query } = c.req.valid('query');
      const { items: all, updatedAt } = await catalogOrProblem(hub);
      const found = searchHub(all.values(), query);
      const offset = offsetOf(cursor);
      const isMore = offset + limit < found.length;
      return c.json(
        {
          items: found.slice(offset, offset + limit).map(itemView),
          total: found.length,
          counts: countsOf(found),
          installed: [...all.values()].filter(isInstalled).length,
          updates: [...all.values()].filter(({ status }) => status === 'update_available').length,
          index_updated_at: updatedAt.toISOString(),
          ...(isMore ? { next_cursor: cursorAt(offset + limit) } : {}),
        },
        200,
      );
    })
    .openapi(getItem, async (c) => {
      const { type, author, name } = c.req.valid('param');
      const ref = { type, name: `${author}/${name}` };
      const { items } = await catalogOrProblem(hub);
      const item = items.get(keyOf(ref));
      const entry = await hub.entry(ref);
      if (item === undefined || entry === undefined) throw noSuchItem(keyOf(ref));
      const parts = item.parts.map((part) => ({
        ...part,
        status: items.get(keyOf(part))?.status ?? ('unavailable' as const),
      }));
      return c.json(
        { ...itemView(item), parts, readme: decode(entry.long_description), content: decode(entry.content) },
        200,
      );
    })
    .openapi(getPresets, async (c) => {
      const { items } = await catalogOrProblem(hub);
      const presets = PRESETS.map((preset) => viewPreset(preset, items));
      return c.json({ presets: presets.map((preset) => ({ ...preset, items: [...preset.items] })) }, 200);
    });
}

export async function catalogOrProblem(hub: HubIndex) {
  const catalog = await hub.catalog();
  if (catalog.kind === 'unavailable') throw hubUnavailable(catalog.message, catalog.hint);
  return catalog;
}

function countsOf(items: readonly HubItem[]): Record<(typeof HUB_TYPES)[number], number> {
  const counts = Object.fromEntries(HUB_TYPES.map((type) => [type, 0])) as Record<(typeof HUB_TYPES)[number], number>;
  for (const { type } of items) counts[type]++;
  return counts;
}

function decode(base64: string): string {
  return Buffer.from(base64, 'base64').toString('utf8');
}
