/** control-api/README.md, out of what the API says of itself, the tour, and answers that it has really given. */
import { type Stop, TOUR } from './api-tour.ts';

const BASE = '/api/v1/cerberus/crowdsec';

/** As much of OpenAPI as the page shows. */
interface Schema {
  readonly $ref?: string;
  readonly type?: string;
  readonly enum?: readonly string[];
  readonly anyOf?: readonly Schema[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly items?: Schema;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly default?: unknown;
  readonly example?: unknown;
  readonly description?: string;
}

interface Parameter {
  readonly name: string;
  readonly in: string;
  readonly required?: boolean;
  readonly schema: Schema;
}

interface Operation {
  readonly summary?: string;
  readonly parameters?: readonly Parameter[];
  readonly requestBody?: { readonly content: Readonly<Record<string, { readonly schema: Schema }>> };
}

export interface ApiDocument {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, Schema>> };
}

export interface GivenAnswer {
  readonly status: number;
  readonly type: string;
  readonly body: unknown;
}

/** By the command that was answered. */
export type GivenAnswers = Readonly<Record<string, GivenAnswer>>;

/** `GET /status`: as people name it, and with the whole path where it is not below the usual one. */
const nameOf = ({ method, path, query, body }: Stop): string =>
  `${method} ${path}${query === 'preview=true' && body !== undefined ? ' (preview)' : ''}`;

const pathOf = ({ path }: Stop): string =>
  path.startsWith('/api/') || path === '/healthz' || path === '/readyz' ? path : `${BASE}${path}`;

export function concretePathOf(stop: Stop): string {
  return pathOf(stop).replaceAll(/\{(\w+)\}/g, (_, name: string) => stop.fill?.[name] ?? `{${name}}`);
}

/** The line to paste; `$root`, `$api` and `$auth` are set at the top of the page. */
export function curlOf(stop: Stop): string {
  const { method, body, query } = stop;
  const full = concretePathOf(stop);
  const address = full.startsWith(BASE) ? `$api${full.slice(BASE.length)}` : `$root${full}`;
  return [
    'curl',
    method === 'GET' || (method === 'POST' && body !== undefined) ? '' : `-X ${method}`,
    stop.path === '/events' ? '-N' : '',
    full.startsWith(BASE) ? '-H "$auth"' : '',
    body === undefined ? '' : `--json ${quoted(JSON.stringify(body))}`,
    `"${address}${query === undefined ? '' : `?${query}`}"`,
  ]
    .filter((word) => word !== '')
    .join(' ');
}

/** A body that names a variable of the shell needs the quotes in which the shell looks into it. */
function quoted(json: string): string {
  return json.includes('$') ? `"${json.replaceAll('"', '\\"')}"` : `'${json}'`;
}

export const UNAUTHORIZED = 'curl "$api/status"';
export const OTHERS = ['curl -H "$auth" "$root/openapi.json"', 'curl -H "$auth" "$root/metrics"'] as const;

export const PREPARATION = `root=http://localhost:8080
api=$root${BASE}
token=$(cat secrets/control_api_token)
auth="Authorization: Bearer $token"`;

const shell = (text: string) => `\`\`\`sh\n${text}\n\`\`\``;

const INTRODUCTION = `# The control API

Everything that the page does, for scripts. This file is written by \`npm run docs:api\` from the API's own description (\`/openapi.json\`) and from answers of the real programs; a test runs every command in it.

## Before you start

With the compose file, from the folder \`deploy\`:

${shell(PREPARATION)}

| where it runs                    | where the token is                                                                              |
| -------------------------------- | ----------------------------------------------------------------------------------------------- |
| compose                          | \`secrets/control_api_token\`, below \`deploy\` |
| systemd                          | the file that \`install.sh\` names at its end                                                     |
| \`npm start\`                      | the file that it names at its end                                                               |
| started by hand without a token  | \`control-api-token\` in \`STATE_DIR\`; only changes need it, reading works without on this machine |

\`--json\` needs curl 7.82 or later; before, write \`-H 'Content-Type: application/json' -d\`. Bodies are JSON only, dates are ISO 8601 in UTC, durations are \`90s\`, \`4h\`, \`1h30m\`. Query parameters and fields that are not listed are refused, so that a misspelt one changes nothing. In the answers below lists are cut to two entries.

### When something is wrong

Every error is \`application/problem+json\` (RFC 9457): \`code\` is for programs, \`detail\` and \`hint\` are for people, and \`request_id\` finds it in the log.
`;

/** @throws when the tour or the answers lack something that the API has. */
export function apiPage(document: ApiDocument, answers: GivenAnswers): string {
  const toured = new Set(TOUR.flatMap(({ stops }) => stops.map((stop) => `${stop.method} ${pathOf(stop)}`)));
  for (const [path, operations] of Object.entries(document.paths)) {
    for (const method of Object.keys(operations)) {
      const name = `${method.toUpperCase()} ${path}`;
      if (!toured.has(name)) throw new Error(`${name} is in /openapi.json, and not in scripts/docs/api-tour.ts`);
    }
  }
  const described = new Set<string>();
  const chapters = TOUR.map(({ title, says, stops }) =>
    [`## ${title}`, says, ...stops.flatMap((stop) => section(stop, document, answers, described))].join('\n\n'),
  );
  return [
    INTRODUCTION,
    shell(UNAUTHORIZED),
    shown(UNAUTHORIZED, answers),
    '## All endpoints',
    TOUR.map(({ title, stops }) => `- **${title}**: ${stops.map(linked).join(', ')}`).join('\n'),
    ...chapters,
    '## The rest',
    'The description of all this for programs, and what Prometheus reads:',
    shell(OTHERS.join('\n')),
    '',
  ].join('\n\n');
}

function section(stop: Stop, document: ApiDocument, answers: GivenAnswers, described: Set<string>): readonly string[] {
  const operation = document.paths[pathOf(stop)]?.[stop.method.toLowerCase()];
  if (operation === undefined) throw new Error(`${nameOf(stop)} is in the tour, and not in /openapi.json`);
  const name = `${stop.method} ${stop.path}`;
  const isNew = !described.has(name);
  described.add(name);
  const wanted = isNew ? [...queries(operation), ...fields(operation, document)] : [];
  const says = [
    isNew ? sentence(operation.summary ?? '') : '',
    stop.says,
    stop.isLikeTheOneAbove && 'The answer is like the one above.',
  ];
  return [
    `### ${nameOf(stop)}`,
    says.filter(Boolean).join(' '),
    ...(wanted.length === 0 ? [] : [wanted.join('\n')]),
    shell(curlOf(stop)),
    ...(stop.isLikeTheOneAbove ? [] : [shown(curlOf(stop), answers)]),
  ];
}

/** Where GitHub puts the heading. */
function linked(stop: Stop): string {
  const name = nameOf(stop);
  return `[${name}](#${name
    .toLowerCase()
    .replaceAll(/[^\w -]/g, '')
    .replaceAll(' ', '-')})`;
}

function shown(command: string, answers: GivenAnswers): string {
  const answer = answers[command];
  if (answer === undefined) throw new Error(`no answer to ${command} was recorded: npm run docs:api`);
  const isJson = answer.type.includes('json');
  const text = isJson ? JSON.stringify(answer.body) : String(answer.body).trimEnd();
  return `\`\`\`${isJson ? 'json' : 'text'}\n${text}\n\`\`\``;
}

function queries({ parameters = [] }: Operation): string[] {
  return parameters
    .filter((parameter) => parameter.in === 'query')
    .map(({ name, schema, required }) => line(`?${name}=`, schema, required === true));
}

function fields({ requestBody }: Operation, document: ApiDocument): string[] {
  return formsOf(requestBody?.content['application/json']?.schema, document).flatMap(
    ({ properties = {}, required = [] }) =>
      Object.entries(properties).map(([name, schema]) => line(name, schema, required.includes(name))),
  );
}

function formsOf(schema: Schema | undefined, document: ApiDocument): Schema[] {
  if (schema === undefined) return [];
  const name = schema.$ref?.split('/').at(-1);
  if (name !== undefined) return formsOf(document.components.schemas[name], document);
  return schema.anyOf === undefined ? [schema] : schema.anyOf.flatMap((form) => formsOf(form, document));
}

function line(name: string, schema: Schema, isRequired: boolean): string {
  const parts = [
    isRequired ? 'required' : '',
    schema.description ?? '',
    kind(schema),
    schema.default === undefined ? '' : `default \`${JSON.stringify(schema.default)}\``,
    schema.example === undefined ? '' : `for example \`${text(schema.example)}\``,
  ];
  const known = parts.filter((part) => part !== '').join('; ');
  return `- \`${name}\`${known === '' ? '' : `: ${known}`}`;
}

const text = (example: unknown) => (typeof example === 'string' ? example : JSON.stringify(example));

function kind({ type, enum: words, minimum, maximum, minItems, maxItems, items, properties }: Schema): string {
  if (words !== undefined) return words.map((word) => `\`${word}\``).join(', ');
  if (type === 'integer') return maximum === undefined ? 'a number' : `a number, ${minimum ?? 0} to ${maximum}`;
  if (type === 'boolean') return '`true` or `false`';
  if (type === 'array') return `${range(minItems, maxItems)}${items?.type === 'integer' ? 'numbers' : 'texts'}`;
  if (type === 'object')
    return `any of ${Object.keys(properties ?? {})
      .map((name) => `\`${name}\``)
      .join(', ')}`;
  return '';
}

const range = (least: number | undefined, most: number | undefined) =>
  most === undefined ? '' : `${least ?? 0} to ${most} `;

function sentence(summary: string): string {
  return /[.?!]$/.test(summary) ? summary : `${summary}.`;
}
