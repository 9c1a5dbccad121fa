import { createRoute, OpenAPIHono, z } from '@hono/zod-openapi';
import { covers } from '../../bouncer/shared/net/prefix.ts';
import type { Clock } from '../../bouncer/shared/runtime/clock.ts';
import { banDrill, drillAddresses, type DrillStep } from '../decisions/ban-drill.ts';
import type { DecisionParts } from '../decisions/decision-parts.ts';
import { enforcement } from '../decisions/enforcement.ts';
import { coveringRows } from '../decisions/prefix-matcher.ts';
import { Problem } from '../http/problem.ts';
import type { Protection } from '../protection/protection.ts';
import { agedLapiProblem } from './lapi-age.ts';
import { BASE, problems } from './shared-responses.ts';

const stepSchema = z.object({
  confirmed: z.boolean(),
  took_ms: z.number().int().openapi({ description: 'from the request to LAPI until the last Caddy was heard' }),
  missing: z.array(z.string()),
  caddies: z.array(z.object({ admin: z.string(), took_ms: z.number().int().nullable() })).openapi({
    description: 'when each Caddy was first seen to follow; null when it was not, none without a word of the bouncer',
  }),
});

const drillSchema = z
  .object({
    address: z.string().openapi({ description: 'an address of documentation, which no visitor has' }),
    proven: z.boolean().openapi({ description: 'whether every Caddy took the ban and its end' }),
    ban: stepSchema,
    lift: stepSchema,
  })
  .openapi('BanDrill');

const json = { 'application/json': { schema: drillSchema } };

const postDrill = createRoute({
  method: 'post',
  path: `${BASE}/diagnostics/drill`,
  summary: 'Bans an address that nobody has, lifts it again, and says how long each took to reach every Caddy',
  responses: {
    200: { description: 'Every Caddy took both', content: json },
    202: { description: 'Not every Caddy did; what is missing is named', content: json },
    ...problems,
  },
});

export interface DrillPorts {
  readonly decisions: DecisionParts;
  readonly protection: Protection;
  readonly clock: Clock;
}

export function drillRoutes(ports: DrillPorts) {
  const { decisions, protection, clock } = ports;
  const { table, allowlist, banning, unbanning, bouncer } = decisions;
  return new OpenAPIHono().openapi(postDrill, async (c) => {
    const overall = enforcement(await protection.bouncers());
    if (overall.kind === 'off') throw nothingToProve(overall.reason);
    const allowed = await allowlist();
    await table.catchUp();
    const candidates = drillAddresses(Math.random());
    const covering = coveringRows(table.rows, candidates);
    // One that nothing is decided about: otherwise the drill would see an older ban, or lift one.
    const address = candidates.find(
      (one) => covering.get(one)?.length === 0 && !allowed.some((prefix) => covers(prefix, one)),
    );
    if (address === undefined) throw noFreeAddress();
    const result = await banDrill({ banning, unbanning, bouncer, clock }, address);
    if (result.kind === 'lapi') throw await agedLapiProblem(result.failure, ports);
    const { ban, lift } = result;
    const isProven = ban.confirmed && lift.confirmed;
    return c.json({ address, proven: isProven, ban: view(ban), lift: view(lift) }, isProven ? 200 : 202);
  });
}

function view({ confirmed, tookMs, missing, caddies }: DrillStep): z.infer<typeof stepSchema> {
  return {
    confirmed,
    took_ms: tookMs,
    missing: [...missing],
    caddies: caddies.map((caddy) => ({ admin: caddy.admin, took_ms: caddy.tookMs ?? null })),
  };
}

function nothingToProve(reason: string): Problem {
  return new Problem({
    status: 409,
    code: 'nobody_is_blocked',
    title: 'Nobody is blocked now',
    detail: `A ban would change nothing: ${reason}.`,
    hint: 'Switch protection on, and the policy to enforce; then try again.',
  });
}

function noFreeAddress(): Problem {
  return new Problem({
    status: 409,
    code: 'no_free_address',
    title: 'Every address of documentation is taken',
    detail: '192.0.2.0/24, 198.51.100.0/24 and 203.0.113.0/24 are all banned or on the allowlist. Nothing was banned.',
    hint: 'Lift one of them, or take it off the allowlist.',
  });
}
