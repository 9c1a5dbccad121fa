import type { JsonSchema } from './control-api-routes.ts';

/** A value that is right, for every field that any body has. A new field needs one here before its route is tested. */
const RIGHT: Readonly<Record<string, unknown>> = {
  country: ['DE'],
  duration: '1h',
  enabled: false,
  enrollment_key: 'abcdefghijklmnop',
  expected: 1,
  filter: { q: 'x' },
  force: false,
  ids: [1],
  name: 'web 1',
  origin: ['cscli'],
  overwrite: false,
  policy: 'monitor',
  q: 'x',
  reason: 'a test',
  scope: ['ip'],
  tags: ['caddy'],
  token: 'not the token',
  type: 'ban',
  values: ['203.0.113.9'],
};

const LINES = '1.2.3.4\n5.6.7.8';
const MANY = Array.from({ length: 10_000 }, (_, i) => `10.1.${i >> 8}.${i & 255}`);

export interface Broken {
  readonly what: string;
  readonly value: unknown;
}

/** Bodies of one form, each right but for one thing. */
export function brokenBodies(form: JsonSchema): Broken[] {
  const right = rightBody(form);
  const strange = [[], 7, 'text', null, true].map((value) => ({
    what: `a body that is ${JSON.stringify(value)}`,
    value,
  }));
  const unknown = { what: 'an unknown field', value: { ...right, nonsense: 1 } };
  const fields = Object.entries(form.properties ?? {}).flatMap(([name, schema]) =>
    brokenValues(schema).map(({ what, value }) => ({ what: `${name}: ${what}`, value: { ...right, [name]: value } })),
  );
  return [...strange, unknown, ...fields];
}

/** Bodies with one of these addresses in the place of each address; undefined where the form has none. */
export function bodyWith(form: JsonSchema, address: string): unknown {
  return form.properties?.['values'] === undefined ? undefined : { ...rightBody(form), values: [address] };
}

function rightBody(form: JsonSchema): Record<string, unknown> {
  return Object.fromEntries(
    Object.keys(form.properties ?? {}).map((name) => {
      if (!(name in RIGHT)) throw new Error(`no test knows a right value for the field "${name}": add it to RIGHT`);
      return [name, RIGHT[name]];
    }),
  );
}

function brokenValues({ type, items, properties }: JsonSchema): Broken[] {
  const wrong = (...values: unknown[]) => values.map((value) => ({ what: shown(value), value }));
  switch (type) {
    case 'string':
      return wrong(7, true, null, {}, [], LINES);
    case 'boolean':
      return wrong('true', 1, null, {});
    case 'integer':
      return wrong('1', -1, 1.5, null);
    case 'array': {
      const element = items === undefined ? [] : brokenValues(items).map(({ value }) => [value]);
      const many = items?.type === 'integer' ? MANY.map((_, i) => i) : MANY;
      return wrong('1.2.3.4', 7, null, {}, ...element, many);
    }
    case 'object':
      return [
        ...wrong(7, [], 'x', null, { nonsense: 1 }),
        ...Object.entries(properties ?? {}).flatMap(([name, schema]) =>
          brokenValues(schema).map(({ what, value }) => ({ what: `${name}: ${what}`, value: { [name]: value } })),
        ),
      ];
    default:
      throw new Error(`no test knows how to break a ${String(type)}`);
  }
}

function shown(value: unknown): string {
  const text = JSON.stringify(value);
  return text.length > 40 ? `${text.slice(0, 40)}…` : text;
}
