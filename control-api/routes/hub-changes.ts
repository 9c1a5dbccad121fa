import { createRoute, OpenAPIHono, z } from '@hono/zod-openapi';
import { flag } from '../http/cursor.ts';
import { Problem } from '../http/problem.ts';
import type { HubIndex } from '../hub/hub-index.ts';
import { type HubRef, keyOf } from '../hub/hub-item.ts';
import type { HubOperation, HubOperations } from '../hub/hub-operations.ts';
import { type HubChange, planInstall, planRemove, planUpgrade } from '../hub/hub-plan.ts';
import { PRESETS } from '../hub/presets.ts';
import { operationProblem, planProblem } from './hub-problems.ts';
import { catalogOrProblem } from './hub.ts';
import { changedSchema, itemParams, reloadView } from './hub-schemas.ts';
import { BASE, problems } from './shared-responses.ts';

const answers = {
  200: { description: 'What changed, or would change', content: { 'application/json': { schema: changedSchema } } },
  ...problems,
};

const preview = z.strictObject({ preview: flag.optional() });

const ITEM = `${BASE}/hub/items/{type}/{author}/{name}` as const;
const PRESET = `${BASE}/hub/presets/{id}` as const;

const installItem = createRoute({
  method: 'post',
  path: ITEM,
  summary: 'Install an item and what it needs, and reload the engine; with ?preview=true only say what would change',
  request: { params: itemParams, query: preview },
  responses: answers,
});

const removeItem = createRoute({
  method: 'delete',
  path: ITEM,
  summary: 'Remove an item, and what came along with it and nothing else needs',
  request: { params: itemParams, query: preview },
  responses: answers,
});

const presetParams = z.object({ id: z.string().max(50) });

const installPreset = createRoute({
  method: 'post',
  path: PRESET,
  summary: 'Install every item of a preset',
  request: { params: presetParams, query: preview },
  responses: answers,
});

const removePreset = createRoute({
  method: 'delete',
  path: PRESET,
  summary: 'Remove every item of a preset',
  request: { params: presetParams, query: preview },
  responses: answers,
});

const update = createRoute({
  method: 'post',
  path: `${BASE}/hub/update`,
  summary: 'Fetch the newest index of the Hub; changes nothing that is installed',
  responses: answers,
});

const upgrade = createRoute({
  method: 'post',
  path: `${BASE}/hub/upgrade`,
  summary: 'Bring what is installed to its newest version; what somebody changed stays as it is',
  request: { query: preview },
  responses: answers,
});

export interface HubChangePorts {
  readonly hub: HubIndex;
  readonly hubOperations: HubOperations;
}

type Kind = 'install' | 'remove';

export function hubChangeRoutes({ hub, hubOperations }: HubChangePorts) {
  const carryOut = async (operation: HubOperation) => {
    const outcome = await hubOperations.run(operation);
    if (outcome.kind === 'failed') throw operationProblem(outcome);
    const { changes, reload } = outcome;
    return { preview: false, changes: [...changes], ...(reload === undefined ? {} : { engine: reloadView(reload) }) };
  };
  const change = async (kind: Kind, refs: readonly HubRef[], isPreview = false) => {
    const { changes, items } = await planned(hub, kind, refs);
    return isPreview || items.length === 0 ? { preview: isPreview, changes } : carryOut({ kind, items });
  };
  return new OpenAPIHono()
    .openapi(installItem, async (c) => {
      return c.json(await change('install', [itemOf(c.req.valid('param'))], c.req.valid('query').preview), 200);
    })
    .openapi(removeItem, async (c) => {
      return c.json(await change('remove', [itemOf(c.req.valid('param'))], c.req.valid('query').preview), 200);
    })
    .openapi(installPreset, async (c) => {
      return c.json(await change('install', presetItems(c.req.valid('param').id), c.req.valid('query').preview), 200);
    })
    .openapi(removePreset, async (c) => {
      return c.json(await change('remove', presetItems(c.req.valid('param').id), c.req.valid('query').preview), 200);
    })
    .openapi(update, async (c) => c.json(await carryOut({ kind: 'update' }), 200))
    .openapi(upgrade, async (c) => {
      const changes = planUpgrade((await catalogOrProblem(hub)).items);
      const isPreview = c.req.valid('query').preview === true;
      if (isPreview || changes.length === 0) return c.json({ preview: isPreview, changes }, 200);
      return c.json(await carryOut({ kind: 'upgrade' }), 200);
    });
}

/**
 * What the whole would change, each item once; and what has to be asked of cscli for it. A preset leaves to a
 * collection what that needs; if that is all of it, it says so.
 */
async function planned(hub: HubIndex, kind: Kind, refs: readonly HubRef[]) {
  const { items: catalog } = await catalogOrProblem(hub);
  const changes = new Map<string, HubChange>();
  const items: HubRef[] = [];
  const plans = refs.map((ref) => ({
    ref,
    plan: kind === 'install' ? planInstall(catalog, ref) : planRemove(catalog, ref),
  }));
  const isAnyFree = plans.some(({ plan }) => plan.kind === 'plan' && plan.changes.length > 0);
  for (const { ref, plan } of plans) {
    if (plan.kind === 'needed' && isAnyFree) continue;
    if (plan.kind !== 'plan') throw planProblem(plan);
    for (const change of plan.changes) changes.set(keyOf(change), change);
    if (plan.changes.length > 0) items.push(ref);
  }
  return { changes: [...changes.values()], items };
}

function itemOf({ type, author, name }: z.infer<typeof itemParams>): HubRef {
  return { type, name: `${author}/${name}` };
}

function presetItems(id: string): readonly HubRef[] {
  const preset = PRESETS.find((known) => known.id === id);
  if (preset !== undefined) return preset.items;
  throw new Problem({
    status: 404,
    code: 'preset_unknown',
    title: 'There is no such preset',
    detail: 'No preset has this id.',
    hint: `There are ${PRESETS.map((known) => known.id).join(', ')}.`,
  });
}
