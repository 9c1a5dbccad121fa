import { createRoute, OpenAPIHono, z } from '@hono/zod-openapi';
import { caddyStatusSchema } from '../../bouncer/shared/domain/status.ts';
import type { Engine } from '../crowdsec/engine.ts';
import type { ChangeOutcome, Protection } from '../protection/protection.ts';
import { changeOutcome } from './change-outcome-schema.ts';
import { BASE, problems } from './shared-responses.ts';

const outcome = { ...changeOutcome, caddies: z.array(caddyStatusSchema) };

const enabledReply = z.object({ enabled: z.boolean(), ...outcome }).openapi('EnabledReply');

const policy = z.enum(['enforce', 'monitor']);

const policyReply = z.object({ policy, ...outcome }).openapi('PolicyReply');

const put = <Body extends z.ZodType, Reply extends z.ZodType>(body: Body, reply: Reply) => ({
  request: { body: { required: true, content: { 'application/json': { schema: body } } } },
  responses: {
    200: { description: 'In effect: Caddy confirmed it', content: { 'application/json': { schema: reply } } },
    202: {
      description: 'Written, and not yet in effect everywhere, or overtaken',
      content: { 'application/json': { schema: reply } },
    },
    ...problems,
  },
});

const putEnabled = createRoute({
  method: 'put',
  path: `${BASE}/enabled`,
  summary: 'Switch protection on or off; answers when Caddy has confirmed it',
  ...put(z.strictObject({ enabled: z.boolean() }), enabledReply),
});

const putPolicy = createRoute({
  method: 'put',
  path: `${BASE}/policy`,
  summary: 'Enforce bans, or only mark in the access log what would be banned',
  ...put(z.strictObject({ policy }), policyReply),
});

export interface ProtectionPorts {
  readonly protection: Protection;
  readonly engine: Engine;
}

export function protectionRoutes({ protection, engine }: ProtectionPorts) {
  return new OpenAPIHono()
    .openapi(putEnabled, async (c) => {
      const { enabled } = c.req.valid('json');
      const result = await protection.change({ enabled });
      // Somebody may have wanted otherwise while this one waited.
      const now = await protection.wanted().catch(() => undefined);
      if (now !== undefined) engine.want(now.enabled);
      return c.json({ enabled, ...reply(result) }, result.confirmed ? 200 : 202);
    })
    .openapi(putPolicy, async (c) => {
      const wanted = c.req.valid('json').policy;
      const result = await protection.change({ policy: wanted });
      return c.json({ policy: wanted, ...reply(result) }, result.confirmed ? 200 : 202);
    });
}

function reply({ confirmed, tookMs, caddies, missing, overtaken }: ChangeOutcome) {
  return { confirmed, took_ms: tookMs, missing: [...missing], overtaken, caddies: [...caddies] };
}
