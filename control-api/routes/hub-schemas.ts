import { z } from '@hono/zod-openapi';
import type { EngineReload } from '../crowdsec/engine.ts';
import { HUB_STATUSES, HUB_TYPES, type HubItem } from '../hub/hub-item.ts';

export const refSchema = z.object({ type: z.enum(HUB_TYPES), name: z.string() });

export const itemSchema = refSchema
  .extend({
    author: z.string(),
    description: z.string(),
    version: z.string().openapi({ description: 'the newest that the local index knows' }),
    local_version: z.string().optional(),
    status: z.enum(HUB_STATUSES),
    parts: z.number().int().openapi({ description: 'how many items it brings along' }),
  })
  .openapi('HubItem');

export const changeSchema = refSchema.extend({ action: z.enum(['install', 'update', 'remove']) });

export const reloadSchema = z
  .object({
    kind: z.enum(['reloaded', 'not_running', 'ask_operator']),
    command: z.string().optional().openapi({ description: 'what to run where CrowdSec is not ours to reload' }),
    next_step: z.string().optional().openapi({ description: 'how it comes to read the change where it does not run' }),
  })
  .openapi('EngineReload', { description: 'whether CrowdSec has read what changed; absent where nothing did' });

export const changedSchema = z
  .object({ preview: z.boolean(), changes: z.array(changeSchema), engine: reloadSchema.optional() })
  .openapi('HubChanges');

export const itemParams = z.object({
  type: z.enum(HUB_TYPES),
  author: z.string().regex(/^[A-Za-z0-9_.][A-Za-z0-9_.-]{0,99}$/, 'this is no author of the Hub'),
  name: z.string().regex(/^[A-Za-z0-9_.][A-Za-z0-9_.-]{0,199}$/, 'this is no name of the Hub'),
});

export function itemView({ type, name, author, description, version, localVersion, status, parts }: HubItem) {
  return {
    type,
    name,
    author,
    description,
    version,
    ...(localVersion === undefined ? {} : { local_version: localVersion }),
    status,
    parts: parts.length,
  };
}

export function reloadView(reload: EngineReload): z.infer<typeof reloadSchema> {
  return reload.kind === 'not_running' ? { kind: reload.kind, next_step: reload.nextStep } : { ...reload };
}
