import type { Context, MiddlewareHandler } from 'hono';
import { matchedRoutes, routePath } from 'hono/route';
import { collectDefaultMetrics, Counter, Histogram, Registry } from 'prom-client';

/** Counts requests by route, never by path: a path can carry an address. */
export class RequestMetrics {
  readonly registry = new Registry();
  readonly #requests = new Counter({
    name: 'crowdsec_api_requests_total',
    help: 'Requests answered by the control API',
    labelNames: ['route', 'status'],
    registers: [this.registry],
  });
  readonly #seconds = new Histogram({
    name: 'crowdsec_api_request_duration_seconds',
    help: 'Time until the answer of the control API began',
    labelNames: ['route'],
    buckets: [0.005, 0.02, 0.05, 0.2, 1, 5, 15],
    registers: [this.registry],
  });

  constructor() {
    collectDefaultMetrics({ register: this.registry });
  }

  readonly middleware: MiddlewareHandler = async (c, next) => {
    const stop = this.#seconds.startTimer();
    await next();
    const route = c.res.status === 404 || c.res.status === 405 ? 'none' : `${c.req.method} ${answeredBy(c)}`;
    this.#requests.inc({ route, status: String(c.res.status) });
    stop({ route });
  };
}

/** The first route that is no middleware: /decisions/export also looks like /decisions/:id, which comes later. */
function answeredBy(c: Context): string {
  return matchedRoutes(c).find(({ path }) => !path.endsWith('*'))?.path ?? routePath(c, -1);
}
