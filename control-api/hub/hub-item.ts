import { z } from 'zod';

/** As CrowdSec names them; 1.4.6 knows the first four. */
export const HUB_TYPES = [
  'collections',
  'parsers',
  'scenarios',
  'postoverflows',
  'contexts',
  'appsec-configs',
  'appsec-rules',
] as const;

export type HubType = (typeof HUB_TYPES)[number];

export interface HubRef {
  readonly type: HubType;
  /** `author/name`. */
  readonly name: string;
}

/**
 * `update_available`: installed, and the index knows a newer version · `tainted`: installed and changed by somebody,
 * or a collection of which a part is missing or changed · `local`: somebody's own file, not from the Hub.
 */
export const HUB_STATUSES = ['not_installed', 'installed', 'update_available', 'tainted', 'local'] as const;

export type HubStatus = (typeof HUB_STATUSES)[number];

export interface HubItem extends HubRef {
  readonly author: string;
  readonly description: string;
  readonly version: string;
  readonly localVersion?: string;
  readonly status: HubStatus;
  /** Where its file is below the Hub's folder. */
  readonly path: string;
  /** What a collection brings along. */
  readonly parts: readonly HubRef[];
}

const names = z
  .array(z.string())
  .nullish()
  .transform((list) => list ?? []);

/** One entry of the index; what we do not read (labels of mixed types, references) is passed over. */
const entrySchema = z.object({
  path: z.string(),
  version: z.string(),
  versions: z.record(z.string(), z.object({ digest: z.string() })),
  description: z.string().default(''),
  long_description: z.string().default(''),
  content: z.string().default(''),
  author: z.string().default(''),
  stage: z.string().optional(),
  collections: names,
  parsers: names,
  scenarios: names,
  postoverflows: names,
  contexts: names,
  'appsec-configs': names,
  'appsec-rules': names,
});

export type HubEntry = z.infer<typeof entrySchema>;

export const hubIndexSchema = z.object(
  Object.fromEntries(HUB_TYPES.map((type) => [type, z.record(z.string(), entrySchema).default({})])) as Record<
    HubType,
    z.ZodDefault<z.ZodRecord<z.ZodString, typeof entrySchema>>
  >,
);

export type HubIndexFile = z.infer<typeof hubIndexSchema>;

export function partsOf(entry: HubEntry): HubRef[] {
  return HUB_TYPES.flatMap((type) => entry[type].map((name) => ({ type, name })));
}

export function keyOf({ type, name }: HubRef): string {
  return `${type}/${name}`;
}

export function isInstalled({ status }: Pick<HubItem, 'status'>): boolean {
  return status !== 'not_installed';
}
