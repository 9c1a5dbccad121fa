import { Hono, type MiddlewareHandler } from 'hono';
import type { BouncerStatus } from '../shared/domain/status.ts';
import type { BanSet } from '../shared/domain/ruleset.ts';
import { type Address, parseAddress } from '../shared/net/prefix.ts';
import { WINDOW_SECONDS, WrongTokens } from '../shared/http/wrong-tokens.ts';
import { carriesToken } from '../shared/runtime/bearer.ts';
import type { Secret } from '../shared/runtime/secret.ts';
import type { LookupAnswer } from '../lookup.ts';
import type { BouncerMetrics } from './metrics.ts';
import { problem } from './problem.ts';

export interface RefreshAsked {
  readonly confirm: boolean;
  /** Everything anew, for who sees that a delta has lost something: LAPI leaves out what was committed late. */
  readonly full: boolean;
}

export interface BouncerApp {
  readonly status: () => BouncerStatus;
  readonly metrics: BouncerMetrics;
  readonly token: Secret | undefined;
  /** Pulls now. With `confirm`, resolves when every Caddy holds the result, or with what is missing. */
  readonly refresh: (asked: RefreshAsked) => Promise<readonly string[]>;
  readonly lookup: (address: Address) => LookupAnswer;
  /** What is enforced now, for `bouncer export`. */
  readonly bans: () => BanSet;
}

/** What runs beside a daemon: health for containers, metrics, and two calls for those who hold the token. */
export function createBouncerApp({ status, metrics, token, refresh, lookup, bans }: BouncerApp): Hono {
  const app = new Hono();
  const withToken = requireToken(token);

  app.get('/healthz', (context) => context.json({ status: 'ok' }));
  app.get('/readyz', (context) => {
    const current = status();
    return context.json(current, current.ready ? 200 : 503);
  });
  app.get('/metrics', async (context) => {
    return context.body(await metrics.registry.metrics(), 200, { 'content-type': metrics.registry.contentType });
  });
  app.post('/refresh', withToken, async (context) => {
    const full = context.req.query('full') !== undefined;
    if (context.req.query('wait') === undefined) {
      void refresh({ confirm: false, full });
      return context.json({ refreshing: true }, 202);
    }
    const missing = await refresh({ confirm: true, full });
    return context.json({ confirmed: missing.length === 0, missing });
  });
  app.get('/lookup', withToken, (context) => {
    const text = context.req.query('ip') ?? '';
    const address = parseAddress(text);
    if (address === undefined)
      return problem(400, 'bad_address', 'ip is not an IP address', 'ask /lookup?ip=203.0.113.9');
    return context.json(lookup(address));
  });
  app.get('/export', withToken, (context) => context.json(bans()));
  app.notFound(() =>
    problem(404, 'not_found', 'no such path', 'there are /healthz, /readyz, /metrics, /refresh, /lookup and /export'),
  );
  app.onError((error) => problem(500, 'internal', error.message, "the bouncer's log has more"));
  return app;
}

function requireToken(token: Secret | undefined): MiddlewareHandler {
  const wrongTokens = new WrongTokens();
  return async (context, next) => {
    if (token === undefined) {
      return problem(
        403,
        'no_token_configured',
        'this call needs a token, and the bouncer has none',
        'set BOUNCER_TOKEN (or BOUNCER_TOKEN_FILE) and restart the bouncer',
      );
    }
    const given = context.req.header('authorization');
    if (!carriesToken(given, token)) {
      if (given !== undefined && (await wrongTokens.add(context))) return tooManyFailures();
      return problem(
        401,
        'unauthorized',
        'the token is missing or wrong',
        'send "Authorization: Bearer <BOUNCER_TOKEN>"',
        {
          'www-authenticate': 'Bearer',
        },
      );
    }
    await next();
    return undefined;
  };
}

function tooManyFailures(): Response {
  return problem(
    429,
    'too_many_failures',
    'too many wrong tokens came from your address within a minute',
    'wait a minute; the right token is accepted at any time',
    { 'retry-after': String(WINDOW_SECONDS) },
  );
}
