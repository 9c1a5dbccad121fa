import { appAlone } from '../unit/control-api-harness.ts';

/** As much of JSON Schema as /openapi.json uses for what it takes. */
export interface JsonSchema {
  readonly $ref?: string;
  readonly anyOf?: readonly JsonSchema[];
  readonly type?: string;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly items?: JsonSchema;
}

interface Parameter {
  readonly name: string;
  readonly in: 'path' | 'query' | 'header';
  readonly required?: boolean;
}

interface Operation {
  readonly parameters?: readonly Parameter[];
  readonly requestBody?: { readonly content: Readonly<Record<string, { readonly schema: JsonSchema }>> };
  readonly responses: Readonly<Record<string, unknown>>;
}

interface Document {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, JsonSchema>> };
}

/** One line of /openapi.json: whatever is added to the API is in the tests that walk these, too. */
export interface DocumentedRoute {
  readonly method: string;
  /** With `{names}`. */
  readonly path: string;
  readonly parameters: readonly Parameter[];
  /** Each form that the body may have; none where there is no body. */
  readonly bodies: readonly JsonSchema[];
  readonly statuses: readonly string[];
}

const document = (await (await appAlone().request('/openapi.json')).json()) as Document;

export const DOCUMENTED: readonly DocumentedRoute[] = Object.entries(document.paths).flatMap(([path, operations]) =>
  Object.entries(operations).map(([method, { parameters = [], requestBody, responses }]) => ({
    method: method.toUpperCase(),
    path,
    parameters,
    bodies: formsOf(requestBody?.content['application/json']?.schema),
    statuses: Object.keys(responses),
  })),
);

function formsOf(schema: JsonSchema | undefined): JsonSchema[] {
  if (schema === undefined) return [];
  const name = schema.$ref?.split('/').at(-1);
  if (name !== undefined) return formsOf(document.components.schemas[name]);
  return schema.anyOf === undefined ? [schema] : schema.anyOf.flatMap(formsOf);
}
