import type { Context, MiddlewareHandler } from 'hono';
import { getCookie } from 'hono/cookie';
import type { Clock } from '../../bouncer/shared/runtime/clock.ts';
import { carriesToken } from '../../bouncer/shared/runtime/bearer.ts';
import { isPagePath } from '../page/view-paths.ts';
import type { Access } from './access.ts';
import { Problem } from './problem.ts';
import { SESSION_COOKIE, type Sessions } from './sessions.ts';

/** Wrong tokens a minute before the answer is "later"; the right token always passes. */
const MOST_FAILURES = 20;
const WINDOW_MS = 60_000;

/** What anyone may ask, whatever the rules: probes, the page's files, and the sign-in itself. */
const OPEN_PATHS = new Set(['/healthz', '/readyz', '/api/v1/session']);

/** The seed document's own line: a bare `curl -X POST` on the machine itself forces a heartbeat. */
export const HEARTBEAT_PATH = '/api/v1/cerberus/crowdsec/console/heartbeat';

export interface AuthenticationPorts {
  readonly access: Access;
  readonly sessions: Sessions;
  readonly clock: Clock;
}

export function authentication({ access, sessions, clock }: AuthenticationPorts): MiddlewareHandler {
  const failures = new FailureWindow(clock);
  return async (c, next) => {
    if (!isOpen(c, access) && !sessions.isOpen(getCookie(c, SESSION_COOKIE))) {
      const given = c.req.header('authorization');
      if (!carriesToken(given, access.token)) {
        if (given !== undefined) failures.add();
        throw failures.isFull ? tooManyFailures() : unauthorized(access, given !== undefined);
      }
    }
    await next();
  };
}

function isOpen(c: Context, access: Access): boolean {
  const { path, method } = c.req;
  if (OPEN_PATHS.has(path)) return true;
  const isReading = method === 'GET' || method === 'HEAD';
  if (isReading && isPagePath(path)) return true;
  return access.kind === 'generated' && (isReading || (method === 'POST' && path === HEARTBEAT_PATH));
}

class FailureWindow {
  readonly #clock: Clock;
  #startedAt = Number.NEGATIVE_INFINITY;
  #count = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  add(): void {
    if (this.#clock.monotonic() - this.#startedAt > WINDOW_MS) {
      this.#startedAt = this.#clock.monotonic();
      this.#count = 0;
    }
    this.#count++;
  }

  get isFull(): boolean {
    return this.#count > MOST_FAILURES && this.#clock.monotonic() - this.#startedAt <= WINDOW_MS;
  }
}

export function unauthorized(access: Access, wasGiven: boolean): Problem {
  return new Problem({
    status: 401,
    code: wasGiven ? 'wrong_token' : 'token_required',
    title: wasGiven ? 'The token is wrong' : 'A token is required',
    detail: wasGiven ? 'The bearer token is not the one of this API.' : 'This request needs the token of this API.',
    hint:
      access.tokenPath === undefined
        ? "Send 'Authorization: Bearer …' with the value of CONTROL_API_TOKEN."
        : `Send 'Authorization: Bearer …' with the content of ${access.tokenPath}.`,
    headers: { 'www-authenticate': 'Bearer' },
  });
}

function tooManyFailures(): Problem {
  return new Problem({
    status: 429,
    code: 'too_many_failures',
    title: 'Too many wrong tokens',
    detail: `More than ${MOST_FAILURES} wrong tokens were sent within a minute.`,
    hint: 'Wait a minute; the right token is accepted at any time.',
    headers: { 'retry-after': '60' },
  });
}
