/**
 * The servers of a live Caddy: what the user configured, told apart from what we put there.
 *
 * The user's part is never rebuilt: parts without our routes are carried through by reference, and numbers that
 * JavaScript would round keep their digits.
 */
import { parse as parseLossless } from 'lossless-json';
import { isObject, type JsonObject, type ServerConfig } from './config-types.ts';
import { isManagedId, serverKey } from './managed-id.ts';

export interface LiveServer {
  readonly name: string;
  readonly key: string;
  /** As it runs now. */
  readonly running: ServerConfig;
  /** The user's own: `running` without any route of ours, wherever it stood. The same object if there was none. */
  readonly own: ServerConfig;
}

export interface LiveServers {
  readonly kind: 'servers';
  readonly servers: readonly LiveServer[];
  /** Whether some number needs more digits than JavaScript keeps. */
  readonly lossless: boolean;
}

export type ReadServers = LiveServers | { readonly kind: 'unreadable'; readonly reason: string };

/** 2^53 has 16 digits. Lossless parsing is several times slower, and our own lists can be large. */
const LONG_NUMBER = /\d{16}/;

export function readServers(text: string): ReadServers {
  const lossless = LONG_NUMBER.test(text);
  let servers: unknown;
  try {
    servers = lossless ? parseLossless(text) : JSON.parse(text);
  } catch (error) {
    return { kind: 'unreadable', reason: `Caddy's config is no JSON: ${String(error)}` };
  }
  if (servers === null) return { kind: 'servers', servers: [], lossless };
  if (!isObject(servers)) return { kind: 'unreadable', reason: 'apps.http.servers is no object' };
  return {
    kind: 'servers',
    servers: Object.entries(servers).map(([name, server]) => liveServer(name, server)),
    lossless,
  };
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
