import type { Context, MiddlewareHandler } from 'hono';
import { getCookie } from 'hono/cookie';
import { MOST_WRONG_TOKENS, WINDOW_SECONDS, type WrongTokens } from '../../bouncer/shared/http/wrong-tokens.ts';
import { carriesToken } from '../../bouncer/shared/runtime/bearer.ts';
import { isPagePath } from '../page/view-paths.ts';
import type { Access } from './access.ts';
import { Problem } from './problem.ts';
import type { Sessions } from './sessions.ts';

/** What anyone may ask, whatever the rules: probes, the page's files, and the sign-in itself. */
const OPEN_PATHS = new Set(['/healthz', '/readyz', '/api/v1/session']);

/** Part of the API's contract: a bare `curl -X POST` on the machine itself forces a heartbeat. */
export const HEARTBEAT_PATH = '/api/v1/cerberus/crowdsec/console/heartbeat';

export interface AuthenticationPorts {
  readonly access: Access;
  readonly sessions: Sessions;
}

export function authentication({ access, sessions }: AuthenticationPorts, wrongTokens: WrongTokens): MiddlewareHandler {
  return async (c, next) => {
    if (!isOpen(c, access) && !sessions.isOpen(getCookie(c, sessions.cookie))) {
      const given = c.req.header('authorization');
      if (!carriesToken(given, access.token)) {
        throw given === undefined ? unauthorized(access, false) : await wrongToken(c, access, wrongTokens);
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

/** One more wrong token, in a header or at the sign-in; "later" when these are too many. */
export async function wrongToken(c: Context, access: Access, wrongTokens: WrongTokens): Promise<Problem> {
  return (await wrongTokens.add(c)) ? tooManyFailures() : unauthorized(access, true);
}

function unauthorized(access: Access, wasGiven: boolean): Problem {
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
    detail: `More than ${MOST_WRONG_TOKENS} wrong tokens came from your address within a minute.`,
    hint: 'Wait a minute; the right token is accepted at any time.',
    headers: { 'retry-after': String(WINDOW_SECONDS) },
  });
}
