import { createRoute, OpenAPIHono, z } from '@hono/zod-openapi';
import { lookupSchema as bouncerLookup } from '../../bouncer/shared/domain/lookup.ts';
import { type Address, isAddress } from '../../bouncer/shared/net/prefix.ts';
import type { Clock } from '../../bouncer/shared/runtime/clock.ts';
import type { Alert } from '../crowdsec/alerts.ts';
import type { MachineClient } from '../crowdsec/machine-client.ts';
import type { DecisionParts } from '../decisions/decision-parts.ts';
import { type Explanation, explainFromTable } from '../decisions/explanation.ts';
import type { Place } from '../decisions/places.ts';
import { coveringRows } from '../decisions/prefix-matcher.ts';
import { readPastedPrefix } from '../http/prefix-input.ts';
import { Problem } from '../http/problem.ts';
import type { Protection } from '../protection/protection.ts';
import { BASE, problems } from './shared-responses.ts';

const lookupSchema = z
  .object({
    address: z.string(),
    ...bouncerLookup.shape,
    verdict: z.enum([...bouncerLookup.shape.verdict.options, 'unknown']),
    because: z.string().openapi({ description: 'one sentence for people' }),
    source: z.enum(['bouncer', 'table']).openapi({ description: 'whose word this is' }),
    notes: z.array(z.string()).openapi({ description: 'who could not be asked, and why' }),
    country: z.string().nullable(),
    as_name: z.string().nullable(),
    alert: z
      .object({
        id: z.number().int(),
        created_at: z.string(),
        scenario: z.string(),
        message: z.string(),
        events_count: z.number().int(),
      })
      .nullable()
      .openapi({ description: 'the newest alert on exactly this address; hostile text' }),
  })
  .openapi('Lookup');

const getLookup = createRoute({
  method: 'get',
  path: `${BASE}/lookup/{ip}`,
  summary: 'Why is this address blocked, or not?',
  request: { params: z.object({ ip: z.string().max(100) }) },
  responses: {
    200: { description: 'The whole story', content: { 'application/json': { schema: lookupSchema } } },
    ...problems,
  },
});

/** An answer about an address does not wait longer for its alert. */
const ALERT_MS = 3_000;

export interface LookupPorts {
  readonly decisions: DecisionParts;
  readonly machine: MachineClient;
  readonly protection: Protection;
  readonly clock: Clock;
}

export function lookupRoutes(ports: LookupPorts) {
  const { decisions, machine } = ports;
  return new OpenAPIHono().openapi(getLookup, async (c) => {
    const address = addressOf(c.req.valid('param').ip);
    const [answer, alert, places] = await Promise.all([
      decisions.bouncer.lookup(address),
      newestAlert(machine, address),
      decisions.places(),
    ]);
    const notes: string[] = [];
    if (typeof alert === 'string') notes.push(alert);
    let told: Explanation;
    if (answer.kind === 'ok') told = answer.value;
    else {
      notes.push(`${answer.message}; this is what Redis says of it. ${answer.hint}`);
      told = await fromTable(ports, address, notes);
    }
    const found = typeof alert === 'string' ? undefined : alert;
    return c.json(
      {
        address,
        ...told,
        source: answer.kind === 'ok' ? ('bouncer' as const) : ('table' as const),
        notes,
        ...placeOf(found, places.find(address)),
        alert: found === undefined ? null : alertView(found),
      },
      200,
    );
  });
}

function addressOf(text: string): Address {
  const prefix = /\p{Cc}/u.test(text) ? undefined : readPastedPrefix(text);
  if (prefix !== undefined && isAddress(prefix)) return prefix;
  throw new Problem({
    status: 400,
    code: 'invalid_value',
    title: 'This is no address',
    detail: 'param.ip: this is not a single IP address.',
    hint: 'Ask for one address, such as /lookup/203.0.113.9.',
  });
}

async function fromTable(
  { decisions, protection, clock }: LookupPorts,
  address: Address,
  notes: string[],
): Promise<Explanation> {
  const { table } = decisions;
  const bouncers = await protection.bouncers().catch(() => undefined);
  const allowlist = await decisions.allowlist().catch(() => undefined);
  if (allowlist === undefined) notes.push('the allowlist could not be read');
  await table.catchUp();
  const { state, rows } = table;
  if (state.kind === 'stale') {
    notes.push(`this is ${Math.round((clock.wall() - state.asOf) / 1_000)} seconds old: ${state.reason}`);
  }
  const covering = (coveringRows(rows, [address]).get(address) ?? []).map((slot) => rows.row(slot));
  const known = state.kind === 'loading' ? undefined : covering;
  return explainFromTable({ address, rows: known, allowlist, bouncers, now: clock.wall() });
}

/** By the alert's own source, not by its decisions: an import's alert would bring thousands of those. */
async function newestAlert(machine: MachineClient, address: Address): Promise<Alert | undefined | string> {
  const limit = new Promise<undefined>((resolve) => setTimeout(() => resolve(undefined), ALERT_MS).unref());
  const result = await Promise.race([machine.alerts({ value: address }, 1), limit]);
  if (result === undefined) return 'LAPI took too long to say what it knows of this address';
  return result.kind === 'ok' ? result.value[0] : result.message;
}

/** CrowdSec's own word is of the time of the alert. */
function placeOf(alert: Alert | undefined, known: Place): Place {
  const { cn = '', as_name: name = '' } = alert?.source ?? {};
  return { country: cn === '' ? known.country : cn, as_name: name === '' ? known.as_name : name };
}

function alertView({ id, created_at, scenario, message, events_count }: Alert) {
  return { id, created_at, scenario, message, events_count };
}
