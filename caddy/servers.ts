/**
 * The servers of a live Caddy: what the user configured, told apart from what we put there.
 *
 * The user's part is never rebuilt: parts without our routes are carried through by reference, and numbers that
 * JavaScript would round keep their digits.
 */
import { isLosslessNumber, parse as parseLossless } from 'lossless-json';
import { digestIn } from './address-list.ts';
import { cutLists } from './cut-lists.ts';
import { isObject, type JsonObject, type ServerConfig } from './config-types.ts';
import { isManagedId, serverKey } from './managed-id.ts';

export interface LiveServer {
  readonly name: string;
  readonly key: string;
  /** As it runs now; a long list in our routes is only named, as in `lists`. */
  readonly running: ServerConfig;
  /** The user's own: `running` without any route of ours, wherever it stood. The same object if there was none. */
  readonly own: ServerConfig;
}

export interface LiveServers {
  readonly kind: 'servers';
  readonly servers: readonly LiveServer[];
  /** Whether some number needs more digits than JavaScript keeps. */
  readonly lossless: boolean;
  /** The JSON of long lists in our routes, by digest: no use is made of them but to write them again. */
  readonly lists: ReadonlyMap<string, Buffer>;
}

export type ReadServers = LiveServers | { readonly kind: 'unreadable'; readonly reason: string };

/** 2^53 has 16 digits. Lossless parsing is several times slower. */
const LONG_NUMBER = /\d{16}/;

/** @param json of all servers, as Caddy writes it. */
export function readServers(json: Buffer): ReadServers {
  const { text, lists } = cutLists(json);
  const lossless = LONG_NUMBER.test(text);
  let servers: unknown;
  try {
    servers = lossless ? parseLossless(text) : JSON.parse(text);
  } catch (error) {
    return { kind: 'unreadable', reason: `Caddy's config is no JSON: ${String(error)}` };
  }
  if (servers === null) return { kind: 'servers', servers: [], lossless, lists };
  if (!isObject(servers)) return { kind: 'unreadable', reason: 'apps.http.servers is no object' };
  const whole = lists.size === 0 ? servers : (withOwnLists(servers, lists) as JsonObject);
  return {
    kind: 'servers',
    servers: Object.entries(whole).map(([name, server]) => liveServer(name, server)),
    lossless,
    lists,
  };
}

/** The same with every list of the user's own in its place: what a site matches, for one, is read from them. */
function withOwnLists(value: unknown, lists: ReadonlyMap<string, Buffer>): unknown {
  if (typeof value === 'string') return cutFrom(value, lists) ?? value;
  if (Array.isArray(value)) return value.map((item) => withOwnLists(item, lists));
  if (!isObject(value) || isLosslessNumber(value) || isManagedId(value['@id'])) return value;
  return Object.fromEntries(Object.entries(value).map(([key, own]) => [key, withOwnLists(own, lists)]));
}

function cutFrom(text: string, lists: ReadonlyMap<string, Buffer>): unknown {
  const digest = digestIn(text);
  const list = digest === undefined ? undefined : lists.get(digest);
  return list && JSON.parse(list.toString('utf8'));
}

function liveServer(name: string, server: unknown): LiveServer {
  // Caddy takes null for a server without settings.
  const running: ServerConfig = isObject(server) ? server : {};
  return { name, key: serverKey(name), running, own: withoutManaged(running) as ServerConfig };
}

/**
 * The same JSON without our routes, at any depth: a user may have saved a config that held them, copied them into
 * another server, or have had 2.6.2 load them twice. What holds none is returned as it is.
 */
function withoutManaged(value: unknown): unknown {
  if (Array.isArray(value)) return arrayWithoutManaged(value);
  return isObject(value) ? objectWithoutManaged(value) : value;
}

function arrayWithoutManaged(values: readonly unknown[]): readonly unknown[] {
  let changed = false;
  const kept: unknown[] = [];
  for (const value of values) {
    if (isObject(value) && isManagedId(value['@id'])) {
      changed = true;
      continue;
    }
    const own = withoutManaged(value);
    changed ||= own !== value;
    kept.push(own);
  }
  return changed ? kept : values;
}

function objectWithoutManaged(object: JsonObject): JsonObject {
  const entries = Object.entries(object).map(([key, value]) => [key, withoutManaged(value)] as const);
  return entries.some(([key, own]) => own !== object[key]) ? Object.fromEntries(entries) : object;
}
