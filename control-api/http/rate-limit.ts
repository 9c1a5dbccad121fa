import type { Context, MiddlewareHandler } from 'hono';
import { getCookie } from 'hono/cookie';
import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible';
import { callerKey } from '../../bouncer/shared/http/caller.ts';
import { carriesToken } from '../../bouncer/shared/runtime/bearer.ts';
import { isPagePath } from '../page/view-paths.ts';
import type { AuthenticationPorts } from './authentication.ts';
import { Problem } from './problem.ts';

const SECONDS = 10;

/** Requests in ten seconds: far more than a page, a script or a monitor sends, far less than what would hurt. */
const MOST = { address: 1_000, token: 3_000 } as const;

/** Probes must be answered in a storm too, and a stream is one request that lasts. */
const UNLIMITED = new Set(['/healthz', '/readyz', '/api/v1/cerberus/crowdsec/events']);

/**
 * Who proves the token has an allowance of their own, so that a flood of others cannot shut them out, not even one
 * that comes through the same proxy, and so from the same address.
 */
export function rateLimit(ports: Pick<AuthenticationPorts, 'access' | 'sessions'>): MiddlewareHandler {
  const byAddress = new RateLimiterMemory({ points: MOST.address, duration: SECONDS });
  const byToken = new RateLimiterMemory({ points: MOST.token, duration: SECONDS });
  return async (c, next) => {
    if (!isUnlimited(c)) {
      const holder = tokenHolder(c, ports);
      const consumed = holder === undefined ? byAddress.consume(callerKey(c)) : byToken.consume(holder);
      await consumed.catch((refusal: unknown) => {
        throw refusal instanceof RateLimiterRes ? tooManyRequests(refusal.msBeforeNext) : refusal;
      });
    }
    await next();
  };
}

function isUnlimited({ req }: Context): boolean {
  return (req.method === 'GET' || req.method === 'HEAD') && (UNLIMITED.has(req.path) || isPagePath(req.path));
}

function tokenHolder(c: Context, { access, sessions }: Pick<AuthenticationPorts, 'access' | 'sessions'>) {
  const session = getCookie(c, sessions.cookie);
  if (sessions.isOpen(session)) return `session ${session ?? ''}`;
  return carriesToken(c.req.header('authorization'), access.token) ? 'token' : undefined;
}

function tooManyRequests(waitMs: number): Problem {
  const seconds = Math.max(1, Math.ceil(waitMs / 1_000));
  return new Problem({
    status: 429,
    code: 'too_many_requests',
    title: 'Too many requests',
    detail: `More requests came from you within ${SECONDS} seconds than this API answers.`,
    hint: `Wait ${seconds} s, then send fewer: GET /events tells what changes without being asked again and again.`,
    headers: { 'retry-after': String(seconds) },
  });
}
