/**
 * A golden file shows, in one place, what a user wrote, what is to be enforced, and what each Caddy is told:
 *
 *     # What this case shows, and why it matters.
 *     === ruleset
 *     {"addresses": ["203.0.113.9"]}
 *     === caddyfile
 *     http://:PORT { … }
 *     === compiled for 2.6.2
 *     {"srv0": {"routes": […]}}
 *     === compiled for newest
 *     …
 *
 * Sections before `compiled` are written by people, those after by `npm run test:golden:update`. Instead of a
 * `caddyfile` there may be `servers`, the JSON of `apps.http.servers`; `globals` are a Caddyfile's global options;
 * `only` names the one Caddy that knows what the case is about.
 */
import { AddressList } from '../../caddy/address-list.ts';
import type { Compilation, ServerRules } from '../../caddy/compile.ts';
import type { CaddyVersion } from './servers.ts';
import { strangers, type RulesetWish } from './caddy-enforcer.ts';

export interface GoldenCase {
  readonly title: string;
  readonly ruleset: RulesetWish;
  readonly caddyfile: string | undefined;
  readonly servers: string | undefined;
  readonly globals: string;
  readonly only: CaddyVersion | undefined;
  readonly compiled: ReadonlyMap<string, string>;
  /** All that people wrote, as it stands in the file. */
  readonly head: string;
}

const COMPILED = 'compiled for ';

export function parseGolden(text: string): GoldenCase {
  const [title = '', ...sections] = text.split(/^=== /m);
  const named = new Map(sections.map((section) => splitOnce(section)));
  const compiled = [...named].filter(([name]) => name.startsWith(COMPILED));
  return {
    title: title.replace(/^# ?/gm, '').trim(),
    ruleset: readWish(named.get('ruleset') ?? '{}'),
    caddyfile: named.get('caddyfile'),
    servers: named.get('servers'),
    globals: named.get('globals') ?? '',
    only: named.get('only')?.trim() as CaddyVersion | undefined,
    compiled: new Map(compiled.map(([name, body]) => [name.slice(COMPILED.length), body.trim()])),
    head: text.split(/^=== compiled for /m)[0] ?? '',
  };
}

export function writeGolden({ head }: GoldenCase, compiled: ReadonlyMap<string, string>): string {
  const [[first, text] = ['', '']] = compiled;
  const same = compiled.size > 1 && [...compiled.values()].every((other) => other === text);
  const shown = same ? new Map([['both', text]]) : compiled;
  return `${head.trimEnd()}\n${[...shown].map(([name, body]) => `=== ${COMPILED}${name || first}\n${body}\n`).join('')}`;
}

function splitOnce(section: string): [name: string, body: string] {
  const end = section.indexOf('\n');
  return [section.slice(0, end).trim(), section.slice(end + 1)];
}

/** `"strangers": 150` stands for so many addresses that nobody would want to read. */
function readWish(text: string): RulesetWish {
  const { strangers: count = 0, ...wish } = JSON.parse(text) as RulesetWish & { readonly strangers?: number };
  return { ...wish, addresses: [...(wish.addresses ?? []), ...strangers(count)] };
}

/** What a reviewer wants to see of a compilation. */
export function showCompilation(compilation: Compilation): string {
  return show(Object.fromEntries([...compilation.servers].map(([name, rules]) => [name, shownRules(rules)])));
}

function shownRules({ routes, errorRoutes, entries, refused, warnings }: ServerRules): object {
  return {
    routes,
    ...(errorRoutes.length > 0 ? { error_routes: errorRoutes } : {}),
    entries,
    ...(refused.length > 0 ? { refused: refused.map(({ server: _, ...refusal }) => refusal) } : {}),
    ...(warnings.length > 0 ? { warnings: warnings.map(({ message }) => message) } : {}),
  };
}

const WIDTH = 110;

/** JSON with short values on one line each. */
function show(value: unknown, indent = ''): string {
  const plain = value instanceof AddressList ? shortList(value) : value;
  const deeper = `${indent}  `;
  if (Array.isArray(plain))
    return wrapped(
      '[',
      plain.map((item) => show(item, deeper)),
      ']',
      indent,
    );
  if (typeof plain !== 'object' || plain === null) return JSON.stringify(plain);
  const items = Object.entries(plain).map(([key, item]) => `${JSON.stringify(key)}: ${show(item, deeper)}`);
  return wrapped('{', items, '}', indent);
}

function wrapped(open: string, items: readonly string[], close: string, indent: string): string {
  const line = `${open}${items.join(', ')}${close}`;
  if (line.length + indent.length <= WIDTH && !line.includes('\n')) return line;
  return `${open}\n${items.map((item) => `${indent}  ${item}`).join(',\n')}\n${indent}${close}`;
}

function shortList(list: AddressList): readonly string[] {
  const values = [...list.values];
  return [values[0] ?? '', `… ${values.length - 2} more …`, values.at(-1) ?? ''];
}
