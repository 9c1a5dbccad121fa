import { z } from 'zod';
import { describeNetworkError } from '../network-error.ts';
import { type Alert, alertSchema, alertsSchema } from './alerts.ts';
import type { LapiReply, LapiRequest, LapiTransport } from './lapi-transport.ts';
import type { CredentialsResult } from './machine-credentials.ts';
import { parseJson } from '../parse-json.ts';

/** LAPI did not do what was asked. */
export type LapiFailure =
  | { readonly kind: 'unreachable'; readonly message: string; readonly hint: string }
  | { readonly kind: 'unauthorized'; readonly message: string; readonly hint: string }
  | { readonly kind: 'refused'; readonly status: number; readonly message: string; readonly hint: string };

export type LapiResult<Value> = { readonly kind: 'ok'; readonly value: Value } | LapiFailure;

const CALL_MS = 20_000;

/** As many as LAPI itself reads in one go. */
const ALERTS_AT_ONCE = 100;

const loginSchema = z.object({ token: z.string().min(1) });
const messageSchema = z.object({ message: z.string() });
const deletedSchema = z.object({ nbDeleted: z.string().regex(/^\d+$/) });
const idsSchema = z.array(z.string().regex(/^\d+$/));

export type AlertQuery = Readonly<Record<string, string | undefined>>;

/** CrowdSec as one of its machines: what bouncers may not do, such as adding and deleting decisions. */
export class MachineClient {
  readonly #transport: LapiTransport;
  readonly #credentials: () => Promise<CredentialsResult>;
  #token: string | undefined;

  constructor(transport: LapiTransport, credentials: () => Promise<CredentialsResult>) {
    this.#transport = transport;
    this.#credentials = credentials;
  }

  /** Whether the account works: a fresh login, whatever token is there. */
  async login(): Promise<LapiResult<string>> {
    const found = await this.#credentials();
    if (found.kind !== 'ok') return { kind: 'unauthorized', message: found.message, hint: found.hint };
    const { id, password } = found.credentials;
    const body = JSON.stringify({ machine_id: id, password: password.reveal(), scenarios: [] });
    const reply = await this.#send({ method: 'POST', path: '/v1/watchers/login', body, timeoutMs: CALL_MS });
    if (reply.kind !== 'ok') return reply;
    const login = loginSchema.safeParse(parseJson(reply.value.text));
    if (reply.value.status !== 200 || !login.success) return refusal(reply.value, id);
    this.#token = login.data.token;
    return { kind: 'ok', value: login.data.token };
  }

  /**
   * At most `most`, newest first. LAPI 1.4.6 reads a hundred at a time and never ends when it is asked for a hundred
   * more than there are: it is asked for more only where the answer shows that there are enough.
   */
  async alerts(query: AlertQuery, most = ALERTS_AT_ONCE): Promise<LapiResult<Alert[]>> {
    const given = Object.entries(query).filter((entry): entry is [string, string] => entry[1] !== undefined);
    for (let limit = Math.min(most, ALERTS_AT_ONCE); ; limit = Math.min(most, limit + ALERTS_AT_ONCE - 1)) {
      const search = new URLSearchParams([...given, ['limit', String(limit)]]);
      const reply = await this.#call({ method: 'GET', path: `/v1/alerts?${String(search)}` });
      const alerts = read(reply, alertsSchema);
      if (alerts.kind !== 'ok' || alerts.value.length < limit || limit >= most) return alerts;
    }
  }

  /** Undefined when there is no such alert. */
  async alert(id: number): Promise<LapiResult<Alert | undefined>> {
    const reply = await this.#call({ method: 'GET', path: `/v1/alerts/${id}` });
    if (reply.kind === 'refused' && (reply.status === 404 || reply.message.includes('not found'))) {
      return { kind: 'ok', value: undefined };
    }
    return read(reply, alertSchema);
  }

  /** @returns the ids of the alerts that carry the decisions. */
  async addAlerts(alerts: readonly unknown[]): Promise<LapiResult<string[]>> {
    return read(await this.#call({ method: 'POST', path: '/v1/alerts', body: JSON.stringify(alerts) }), idsSchema);
  }

  /** @returns how many were deleted; an id that is unknown or has run out is 0. */
  async deleteDecision(id: number): Promise<LapiResult<number>> {
    const reply = await this.#call({ method: 'DELETE', path: `/v1/decisions/${id}` });
    if (reply.kind === 'refused' && reply.message.includes("doesn't exist")) return { kind: 'ok', value: 0 };
    return count(read(reply, deletedSchema));
  }

  /** Every decision on exactly this value. @returns how many were deleted. */
  async deleteDecisionsOn(value: string): Promise<LapiResult<number>> {
    const query = new URLSearchParams({ value });
    return count(read(await this.#call({ method: 'DELETE', path: `/v1/decisions?${String(query)}` }), deletedSchema));
  }

  /** Tokens die with every restart and reload of LAPI: a 401 means to log in again, once. */
  async #call(request: Pick<LapiRequest, 'method' | 'path' | 'body'>): Promise<LapiResult<LapiReply>> {
    let token = this.#token;
    for (let attempt = 1; ; attempt++) {
      if (token === undefined) {
        const login = await this.login();
        if (login.kind !== 'ok') return login;
        token = login.value;
      }
      const headers = { authorization: `Bearer ${token}` };
      const reply = await this.#send({ ...request, headers, timeoutMs: CALL_MS });
      if (reply.kind !== 'ok') return reply;
      if (reply.value.status < 300) return reply;
      if (reply.value.status !== 401 || attempt > 1) return refusal(reply.value, 'this machine');
      token = undefined;
    }
  }

  async #send(request: LapiRequest): Promise<LapiResult<LapiReply>> {
    try {
      return { kind: 'ok', value: await this.#transport.send(request) };
    } catch (error) {
      const { message } = describeNetworkError(error);
      const hint = 'LAPI needs 30 to 60 seconds to start; check that CrowdSec runs, and CROWDSEC_LAPI_URL.';
      const mayBeDone = isDecisionChange(request) && WITHOUT_ANSWER.has(message);
      return {
        kind: 'unreachable',
        message: `LAPI not available: ${message}${mayBeDone ? ', so it may have done it all the same' : ''}`,
        hint: mayBeDone ? `Look at the live decisions before you ask again. ${hint}` : hint,
      };
    }
  }
}

/** What leaves open whether LAPI got the request: one that was only slow stores a ban when nobody listens any more. */
const WITHOUT_ANSWER: ReadonlySet<string> = new Set([
  'no answer within the time limit',
  'the connection was reset',
  'the connection was closed',
]);

function isDecisionChange({ method, path }: LapiRequest): boolean {
  return method === 'DELETE' || (method === 'POST' && path === '/v1/alerts');
}

function read<Schema extends z.ZodType>(reply: LapiResult<LapiReply>, schema: Schema): LapiResult<z.output<Schema>> {
  if (reply.kind !== 'ok') return reply;
  const body = parseJson(reply.value.text);
  const parsed = schema.safeParse(body);
  // No JSON at all must not pass for what a list is allowed to be: absent.
  if (body !== undefined && parsed.success) return { kind: 'ok', value: parsed.data };
  return {
    kind: 'refused',
    status: reply.value.status,
    message: 'LAPI answered with something that is not its API',
    hint: 'Check that CROWDSEC_LAPI_URL names CrowdSec’s LAPI.',
  };
}

function count(result: LapiResult<{ nbDeleted: string }>): LapiResult<number> {
  return result.kind === 'ok' ? { kind: 'ok', value: Number(result.value.nbDeleted) } : result;
}

const LOG_HINT = 'See CrowdSec’s own log for more.';

function refusal({ status, text }: LapiReply, machine: string): LapiFailure {
  const said = messageSchema.safeParse(parseJson(text));
  const message = said.success ? said.data.message.slice(0, 500) : `status ${status}`;
  if (status !== 401 && status !== 403) {
    const hint = status === 429 ? 'Ask less often, or raise the limit of the proxy before LAPI.' : LOG_HINT;
    return { kind: 'refused', status, message, hint };
  }
  return {
    kind: 'unauthorized',
    message: `LAPI does not accept ${machine}: ${message}`,
    hint: message.includes('not validated')
      ? `Accept it: cscli machines validate ${machine}`
      : 'Renew the account: cscli machines add --auto --force -f FILE, and name FILE in CROWDSEC_MACHINE_CREDENTIALS.',
  };
}
