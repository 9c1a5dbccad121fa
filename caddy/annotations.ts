/** Finding `vars crowdsec …` in JSON, wherever it stands; what it means is read in directives.ts. */
import { isObject, listOf, type JsonObject } from './config-types.ts';

export interface Annotation {
  /** As the user spelled it. */
  readonly name: string;
  readonly value: unknown;
}

export interface FoundHandler {
  readonly handler: JsonObject;
  readonly path: string;
  /** Of the nearest enclosing route that names hosts. */
  readonly hosts: readonly string[];
}

/** The annotations of one handler: those of its variables that a person meant for us. */
export function annotationsOf(handler: JsonObject): readonly Annotation[] {
  if (handler['handler'] !== 'vars') return [];
  return Object.entries(handler).flatMap(([name, value]) =>
    name.trim().toLowerCase() === 'crowdsec' ? [{ name, value }] : [],
  );
}

/** Every annotated handler below, in order. */
export function findAnnotations(value: unknown, path = '', hosts: readonly string[] = []): readonly FoundHandler[] {
  if (Array.isArray(value)) return value.flatMap((item, i) => findAnnotations(item, `${path}[${i}]`, hosts));
  if (!isObject(value)) return [];
  const here = annotationsOf(value).length > 0 ? [{ handler: value, path, hosts }] : [];
  const named = hostsOf(value);
  const inner = named.length > 0 ? named : hosts;
  const below = Object.entries(value).flatMap(([key, item]) =>
    findAnnotations(item, path === '' ? key : `${path}.${key}`, inner),
  );
  return [...here, ...below];
}

/** The hosts that a route names; empty when it names none. */
export function hostsOf(route: JsonObject): readonly string[] {
  return listOf(route['match']).flatMap((set) =>
    isObject(set) ? listOf(set['host']).filter((host) => typeof host === 'string') : [],
  );
}

/** Whether some object below, or the value itself, is one that we look for. */
export function contains(value: unknown, wanted: (object: JsonObject) => boolean): boolean {
  if (Array.isArray(value)) return value.some((item) => contains(item, wanted));
  return isObject(value) && (wanted(value) || Object.values(value).some((item) => contains(item, wanted)));
}
