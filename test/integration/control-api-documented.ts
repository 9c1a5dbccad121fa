import { createLogger } from '../../bouncer/shared/runtime/logger.ts';
import { problemSchema } from '../../control-api/http/problem.ts';
import { appAlone } from '../unit/control-api-harness.ts';

interface Documented {
  readonly method: string;
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
    pattern: new RegExp(`^${route.path.replaceAll(/\{\w+\}/g, '[^/]+')}$`),
    responses: route.responses as Documented['responses'],
  }));

/** Throws when an answer is not what /openapi.json says of it. */
export function checkDocumented(method: string, url: string, status: number, type: string, body: unknown): void {
  const path = new URL(url, 'http://localhost').pathname;
  const route = ROUTES.find((candidate) => candidate.method === method && candidate.pattern.test(path));
  if (route === undefined) return;
  const where = `${method} ${path} ${status}`;
  const parsed = schemaOf(route, status, type.split(';')[0] ?? '', where).safeParse(body);
  if (!parsed.success) throw new Error(`${where} is not as documented: ${parsed.error?.message ?? ''}`);
}

function schemaOf({ responses }: Documented, status: number, media: string, where: string): Schema {
  const response = responses[String(status)] ?? (status >= 400 ? responses['default'] : undefined);
  if (response === undefined) throw new Error(`${where} is not documented`);
  if (media === 'application/problem+json') return problemSchema;
  const schema = response.content?.[media]?.schema;
  if (schema === undefined) throw new Error(`${where} is not documented as ${media}`);
  return schema as Schema;
}
