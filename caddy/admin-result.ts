import { reasonOf } from '../bouncer/shared/runtime/reason.ts';
import type { AdminAddress } from './admin-address.ts';

/** What a call to Caddy's admin API came to. Every `message` is for people: it names the address and the next step. */
export type AdminResult<Value> = { readonly kind: 'ok'; readonly value: Value } | AdminFailure;

export type AdminFailure =
  /** The config changed since it was read (412): read it again and compute anew. */
  | { readonly kind: 'stale'; readonly message: string }
  /** Caddy understood and refused; `reason` is in its own words. The same bytes will be refused again. */
  | { readonly kind: 'rejected'; readonly status: number; readonly reason: string; readonly message: string }
  /** No answer in time, or a 5xx that is not about the config: worth trying again later. */
  | { readonly kind: 'unreachable'; readonly message: string; readonly cause?: unknown }
  /** Caddy runs, but serves no HTTP: there is nothing to protect, and that is no error. */
  | { readonly kind: 'no-http-app'; readonly message: string };

/** The answers of one admin endpoint, put into words. */
export class AdminWords {
  readonly #name: string;
  readonly #address: AdminAddress;

  constructor(address: AdminAddress) {
    this.#address = address;
    this.#name = `Caddy's admin API at ${address.text}`;
  }

  /** A reply that is not 2xx. `text` is its body: `{"error":"…"}` from Caddy, anything from something else. */
  refusal(status: number, text: string): AdminFailure {
    const reason = reasonIn(text);
    if (status === 412) return { kind: 'stale', message: `${this.#name}: the config was changed meanwhile` };
    // GET answers 400 and PATCH 500 with the same words where there is no `apps.http` to walk through.
    if (reason.startsWith('invalid traversal path')) return this.noHttpApp();
    // Something before Caddy that wants to be asked less often says nothing about the config.
    if (status === 429 || (status >= 500 && !isVerdict(reason)))
      return { kind: 'unreachable', message: `${this.#name} failed with ${status}: ${reason}` };
    return {
      kind: 'rejected',
      status,
      reason,
      message: `${this.#name} refused: ${reason}${this.#hint(status, reason)}`,
    };
  }

  noHttpApp(): AdminFailure {
    return {
      kind: 'no-http-app',
      message: `${this.#name}: no HTTP server is configured, so there is nothing to protect`,
    };
  }

  /** What Caddy itself would refuse, without sending it first. */
  tooLarge(bytes: number, most: number): AdminFailure {
    const megabytes = (count: number) => `${Math.ceil(count / 1_000_000)} MB`;
    const reason = `the config would have ${megabytes(bytes)}, and Caddy takes ${megabytes(most)}`;
    const message = `${this.#name}: ${reason}; every HTTP server carries the whole list, so use fewer servers or fewer blocklists (CROWDSEC_ORIGINS)`;
    return { kind: 'rejected', status: 413, reason, message };
  }

  notCaddy(what: string): AdminFailure {
    const message = `${this.#name} answered ${what}: is this the admin API (port 2019 by default) and not a site?`;
    return { kind: 'rejected', status: 200, reason: what, message };
  }

  unreachable(error: unknown, limitMs: number): AdminFailure {
    return { kind: 'unreachable', message: `${this.#name} ${this.#trouble(error, limitMs)}`, cause: error };
  }

  #hint(status: number, reason: string): string {
    if (status === 404) return ': is this the admin API (port 2019 by default) and not a site?';
    if (reason.startsWith('host not allowed')) {
      const host = this.#address.kind === 'tcp' ? new URL(this.#address.origin).host : '';
      return host === ''
        ? '; leave `origins` out of the `admin` block: a unix socket needs none'
        : `; allow it with \`admin LISTEN_ADDRESS { origins ${host} }\` in the Caddyfile's global options, or use a unix socket`;
    }
    if (/origin/i.test(reason)) return '; `enforce_origin` is meant for browsers: leave it out of the `admin` block';
    return '';
  }

  #trouble(error: unknown, limitMs: number): string {
    switch (errorCode(error)) {
      case 'ECONNREFUSED':
        return 'is not there: is Caddy running, and is its `admin` option neither `off` nor another address? Else set CADDY_ADMIN';
      case 'ENOENT':
        return 'is not there: the socket does not exist; is Caddy running with `admin` set to this path?';
      case 'EACCES':
        return 'may not be opened by this user: run as the user of Caddy, or give the socket a group (`|0660`, Caddy 2.7 and later)';
      case 'ENOTFOUND':
      case 'EAI_AGAIN':
        return 'cannot be found: the host name does not resolve; check CADDY_ADMIN';
      case 'EMFILE':
      case 'ENFILE':
        return 'cannot be asked: no more files may be opened here; raise the limit (LimitNOFILE=, ulimit -n)';
      case 'TIMEOUT':
        return `gave no answer within ${limitMs / 1000} s`;
      default:
        return `broke off: ${reasonOf(error)}`;
    }
  }
}

/**
 * Whether a 5xx is about the config and not about the moment: Caddy answers a PATCH that it cannot load with 500. What
 * fails only when the servers start, such as a port that is taken, may pass the next time.
 */
function isVerdict(reason: string): boolean {
  return /^(loading new config|decoding request body): /.test(reason) && !reason.includes(' app module: start: ');
}

/** One word for a failure: Node's error code, or TIMEOUT for each of the ways in which time runs out. */
function errorCode(error: unknown): string {
  if (!(error instanceof Error)) return '';
  if (error.name === 'TimeoutError') return 'TIMEOUT';
  const code = (error as NodeJS.ErrnoException).code ?? '';
  return /TIMEOUT|ETIMEDOUT/.test(code) ? 'TIMEOUT' : code;
}

/** Longer answers of something that is not Caddy would only fill the log. */
const LONGEST_REASON = 500;

function reasonIn(text: string): string {
  try {
    const { error } = JSON.parse(text) as { error?: unknown };
    if (typeof error === 'string') return error;
  } catch {
    // not Caddy's; shown as it is
  }
  return text.trim().slice(0, LONGEST_REASON) || 'no reason given';
}
