import { OpenAPIHono } from '@hono/zod-openapi';
import { bodyLimit } from 'hono/body-limit';
import { HTTPException } from 'hono/http-exception';
import { methodNotAllowed } from 'hono/method-not-allowed';
import { requestId } from 'hono/request-id';
import { secureHeaders } from 'hono/secure-headers';
import { WrongTokens } from '../bouncer/shared/http/wrong-tokens.ts';
import type { Logger } from '../bouncer/shared/runtime/logger.ts';
import { authentication, type AuthenticationPorts } from './http/authentication.ts';
import { declaredInput } from './http/declared-input.ts';
import { jsonOnly } from './http/json-only.ts';
import { originGuard } from './http/origin-guard.ts';
import { fromHttpException, invalidRequest, Problem, problemResponse, type ProblemSpec } from './http/problem.ts';
import { rateLimit } from './http/rate-limit.ts';
import type { RequestMetrics } from './http/request-metrics.ts';
import { type PagePorts, pageRoutes } from './page/page-routes.ts';
import { RedisUnavailable } from './redis-access.ts';
import { type AlertPorts, alertRoutes } from './routes/alerts.ts';
import { type AllowlistPorts, allowlistRoutes } from './routes/allowlist.ts';
import { type ConsolePorts, consoleRoutes } from './routes/console.ts';
import { type DecisionChangePorts, decisionChangeRoutes } from './routes/decision-changes.ts';
import { type DecisionPorts, decisionRoutes } from './routes/decisions.ts';
import { type DiagnosticsPorts, diagnosticsRoutes } from './routes/diagnostics.ts';
import { type DrillPorts, drillRoutes } from './routes/drill.ts';
import { type EventPorts, eventRoutes } from './routes/events.ts';
import { type HealthPorts, healthRoutes } from './routes/health.ts';
import { type HistoryPorts, historyRoutes } from './routes/history.ts';
import { type HubChangePorts, hubChangeRoutes } from './routes/hub-changes.ts';
import { type HubReadPorts, hubRoutes } from './routes/hub.ts';
import { type LookupPorts, lookupRoutes } from './routes/lookup.ts';
import { type ProtectionPorts, protectionRoutes } from './routes/protection.ts';
import { sessionRoutes } from './routes/session.ts';
import { type StatusPorts, statusRoutes } from './routes/status.ts';

/** The largest request: ten thousand addresses with room to spare. */
const LARGEST_BODY = 512 * 1024;

export interface AppPorts
  extends
    AlertPorts,
    AllowlistPorts,
    AuthenticationPorts,
    ConsolePorts,
    DecisionChangePorts,
    DecisionPorts,
    DiagnosticsPorts,
    DrillPorts,
    EventPorts,
    HealthPorts,
    HistoryPorts,
    HubChangePorts,
    HubReadPorts,
    LookupPorts,
    PagePorts,
    ProtectionPorts,
    StatusPorts {
  readonly log: Logger;
  readonly metrics: RequestMetrics;
  readonly publicUrls: readonly URL[];
}

/** The whole HTTP surface. Does no I/O by itself: all of it comes through `ports`. */
export function createApp(ports: AppPorts) {
  const app = new OpenAPIHono({
    defaultHook: (result) => {
      if (!result.success) throw new Problem(invalidRequest(result.target, result.error));
    },
  });
  app.onError((error, c) => problemResponse(c, specOf(error, ports.log)));
  app.notFound((c) => problemResponse(c, NOT_FOUND));
  app.use(requestId());
  app.use(ports.metrics.middleware);
  app.use(
    secureHeaders({
      contentSecurityPolicy: {
        defaultSrc: ["'none'"],
        scriptSrc: ["'self'"],
        styleSrc: ["'self'"],
        imgSrc: ["'self'"],
        connectSrc: ["'self'"],
        frameAncestors: ["'none'"],
        baseUri: ["'none'"],
        formAction: ["'none'"], // every form is sent by script, as JSON
      },
      xFrameOptions: 'DENY',
      strictTransportSecurity: false, // the proxy in front decides that; on plain loopback it would lock people out
    }),
  );
  app.use(async (c, next) => {
    await next();
    if (!c.res.headers.has('cache-control')) c.header('cache-control', 'no-store');
  });
  app.use(originGuard(ports.publicUrls));
  app.use(rateLimit(ports));
  app.use(
    methodNotAllowed({
      app,
      onMethodNotAllowed: (c, methods) =>
        problemResponse(c, {
          status: 405,
          code: 'method_not_allowed',
          title: 'Another method is needed here',
          detail: `${c.req.method} is not among the methods of this path.`,
          hint: `Use ${methods.join(' or ')}.`,
          headers: { allow: methods.join(', ') },
        }),
    }),
  );
  const wrongTokens = new WrongTokens();
  app.use(authentication(ports, wrongTokens));
  app.use(jsonOnly);
  app.use(bodyLimit({ maxSize: LARGEST_BODY }));
  app.use(
    declaredInput(() => app.openAPIRegistry.definitions.flatMap((it) => (it.type === 'route' ? [it.route] : []))),
  );

  const described = app
    .route('/', healthRoutes(ports))
    .route('/', sessionRoutes(ports, wrongTokens))
    .route('/', statusRoutes(ports))
    .route('/', protectionRoutes(ports))
    .route('/', consoleRoutes(ports))
    .route('/', diagnosticsRoutes(ports))
    .route('/', drillRoutes(ports))
    .route('/', hubRoutes(ports))
    .route('/', hubChangeRoutes(ports))
    .route('/', allowlistRoutes(ports))
    .route('/', decisionRoutes(ports))
    .route('/', historyRoutes(ports))
    .route('/', decisionChangeRoutes(ports))
    .route('/', lookupRoutes(ports))
    .route('/', alertRoutes(ports))
    .route('/', eventRoutes(ports));

  app.route('/', pageRoutes(ports));
  app.get('/metrics', async (c) => {
    const { registry } = ports.metrics;
    return c.body(await registry.metrics(), 200, { 'content-type': registry.contentType });
  });
  app.openAPIRegistry.registerComponent('securitySchemes', 'token', { type: 'http', scheme: 'bearer' });
  app.doc31('/openapi.json', {
    openapi: '3.1.0',
    info: {
      title: 'caddy-crowdsec-sidecar control API',
      version: ports.version,
      description: 'CrowdSec for the Caddy you already run. Errors are application/problem+json (RFC 9457).',
    },
    security: [{ token: [] }, {}],
  });
  return described;
}

const NOT_FOUND: ProblemSpec = {
  status: 404,
  code: 'not_found',
  title: 'There is nothing here',
  detail: 'No resource has this path.',
  hint: 'Every path is listed in /openapi.json.',
};

function specOf(error: Error, log: Logger): ProblemSpec {
  if (error instanceof Problem) return error.spec;
  if (error instanceof RedisUnavailable) {
    return {
      status: 503,
      code: 'redis_unavailable',
      title: 'Redis is not available',
      detail: `Redis is not available: ${error.message}`,
      hint: 'Start Redis, or correct REDIS_URL. Blocking goes on meanwhile; only this API has to wait.',
      headers: { 'retry-after': '5' },
    };
  }
  if (error instanceof HTTPException) return fromHttpException(error);
  log.error({ err: error }, 'a request failed unexpectedly');
  return {
    status: 500,
    code: 'internal_error',
    title: 'Something broke here',
    detail: 'The request failed unexpectedly.',
    hint: 'See the log of the control API, and please report it.',
  };
}
