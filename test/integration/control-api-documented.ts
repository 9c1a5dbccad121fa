import { createLogger } from '../../bouncer/shared/runtime/logger.ts';
import { problemSchema } from '../../control-api/http/problem.ts';
import { appAlone } from '../unit/control-api-harness.ts';

interface Documented {
  readonly method: string;
  readonly path: string;
  readonly pattern: RegExp;
  readonly responses: Readonly<Record<string, { content?: Record<string, { schema?: unknown }> }>>;
}

interface Schema {
  safeParse(value: unknown): { success: boolean; error?: { message: string } };
}

/** Every route with its documented answers, from the same schemas that make /openapi.json. */
const ROUTES: readonly Documented[] = appAlone({ log: createLogger('test', 'silent', false) })
  .openAPIRegistry.definitions.filter((definition) => definition.type === 'route')
  .map(({ route }) => ({
    method: route.method.toUpperCase(),
    path: route.path,
    pattern: new RegExp(`^${route.path.replaceAll(/\{\w+\}/g, '[^/]+')}$`),
    responses: route.responses as Documented['responses'],
  }));

/** Of all that is documented, what the tests of this process have been answered: `GET /healthz 200 application/json`. */
const produced = new Set<string>();

/** What /openapi.json promises and none of these tests has seen. */
export function neverProduced(): string[] {
  return ROUTES.flatMap(({ method, path, responses }) =>
    Object.entries(responses).flatMap(([status, { content = {} }]) =>
      Object.keys(content).map((media) => `${method} ${path} ${status} ${media}`),
    ),
  ).filter((name) => !produced.has(name));
}

/** Throws when an answer is not what /openapi.json says of it. */
export function checkDocumented(method: string, url: string, status: number, type: string, body: unknown): void {
  const path = new URL(url, 'http://localhost').pathname;
  const candidates = ROUTES.filter((candidate) => candidate.method === method && candidate.pattern.test(path));
  // /decisions/export is itself, although it also looks like /decisions/{id}.
  const route = candidates.find((candidate) => candidate.path === path) ?? candidates[0];
  if (route === undefined) return;
  const where = `${method} ${path} ${status}`;
  const media = type.split(';')[0] ?? '';
  const parsed = schemaOf(route, status, media, where).safeParse(body);
  if (!parsed.success) throw new Error(`${where} is not as documented: ${parsed.error?.message ?? ''}`);
  const documented = String(status) in route.responses ? String(status) : 'default';
  produced.add(`${method} ${route.path} ${documented} ${media}`);
}

function schemaOf({ responses }: Documented, status: number, media: string, where: string): Schema {
  const response = responses[String(status)] ?? (status >= 400 ? responses['default'] : undefined);
  if (response === undefined) throw new Error(`${where} is not documented`);
  if (media === 'application/problem+json') return problemSchema;
  const schema = response.content?.[media]?.schema;
  if (schema === undefined) throw new Error(`${where} is not documented as ${media}`);
  return schema as Schema;
}
