/**
 * The JSON of Caddy that we read or emit, and nothing else of it. What a user configured stays opaque: it is carried
 * through untouched, so it has no type here.
 */
import type { AddressList } from './address-list.ts';

/** Any JSON object of the user's own. */
export type JsonObject = Readonly<Record<string, unknown>>;

/** A server as we read it; every other key is the user's and is kept as it is. */
export interface ServerConfig extends JsonObject {
  readonly listen?: unknown;
  readonly routes?: unknown;
  readonly errors?: unknown;
  readonly trusted_proxies?: unknown;
  readonly trusted_proxies_strict?: unknown;
  readonly trusted_proxies_unix?: unknown;
  readonly metrics?: unknown;
}

/** All keys of one set must match; Caddy evaluates them in no particular order. */
export interface MatcherSet {
  readonly host?: readonly string[] | AddressList;
  readonly path?: readonly string[];
  readonly client_ip?: { readonly ranges: readonly string[] };
  readonly remote_ip?: { readonly ranges: readonly string[] };
  readonly vars?: Readonly<Record<string, readonly string[]>>;
  /** True if one of the files exists; asked of the file system at each request. */
  readonly file?: { readonly root: string; readonly try_files: readonly string[] };
  /** True if none of the sets matches; they are asked in order, and asking stops at the first that does. */
  readonly not?: readonly MatcherSet[];
}

export type Headers = Readonly<Record<string, readonly string[]>>;

export type Handler =
  | {
      readonly handler: 'headers';
      readonly request: { readonly set: Headers; readonly delete?: readonly string[] };
    }
  | { readonly handler: 'subroute'; readonly routes: readonly Route[] }
  | {
      readonly handler: 'static_response';
      readonly status_code?: number | string;
      readonly headers?: Headers;
      readonly body?: string;
      readonly abort?: true;
    }
  | { readonly handler: 'error'; readonly status_code: number; readonly error: string }
  | { readonly handler: 'log_append'; readonly key: string; readonly value: string }
  | { readonly handler: 'vars'; readonly [name: string]: string | boolean };

/** Without `match`, every request; of the routes of one `group`, only the first that matches. */
export interface Route {
  readonly '@id'?: string;
  readonly group?: string;
  readonly match?: readonly MatcherSet[];
  readonly handle: readonly Handler[];
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The elements of a JSON array; Caddy writes an empty list as null or leaves it out. */
export function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? (value as readonly unknown[]) : [];
}
