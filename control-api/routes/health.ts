import { createRoute, OpenAPIHono, z } from '@hono/zod-openapi';
import type { RedisLink } from '../../bouncer/shared/redis/client.ts';
import type { Protection } from '../protection/protection.ts';

const healthzSchema = z.object({ status: z.literal('up'), version: z.string() });
const readyzSchema = z.object({
  ready: z.boolean(),
  reasons: z.array(z.string()).openapi({ description: 'why it is not ready, in sentences' }),
});

const getHealthz = createRoute({
  method: 'get',
  path: '/healthz',
  summary: 'Whether the process answers',
  responses: { 200: { description: 'It does', content: { 'application/json': { schema: healthzSchema } } } },
});

const getReadyz = createRoute({
  method: 'get',
  path: '/readyz',
  summary: 'Whether the API can do its work: Redis is there and a bouncer is alive',
  responses: {
    200: { description: 'Ready', content: { 'application/json': { schema: readyzSchema } } },
    503: { description: 'Not ready, with the reasons', content: { 'application/json': { schema: readyzSchema } } },
  },
});

export interface HealthPorts {
  readonly redis: RedisLink;
  readonly protection: Protection;
  readonly version: string;
  /** Aborted from the moment on that the process was asked to stop. */
  readonly stopping: AbortSignal;
}

export function healthRoutes(ports: HealthPorts) {
  return new OpenAPIHono()
    .openapi(getHealthz, (c) => c.json({ status: 'up' as const, version: ports.version }, 200))
    .openapi(getReadyz, async (c) => {
      const reasons = await notReady(ports);
      return c.json({ ready: reasons.length === 0, reasons }, reasons.length === 0 ? 200 : 503);
    });
}

async function notReady({ redis, protection, stopping }: HealthPorts): Promise<string[]> {
  if (stopping.aborted) return ['the control API is stopping'];
  if (redis.error !== undefined) return [`Redis is not available: ${redis.error}`];
  const bouncers = await protection.bouncers();
  return bouncers.length === 0 ? ['no bouncer is alive: nothing would follow a change'] : [];
}
