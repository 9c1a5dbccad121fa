import { z } from 'zod';
import type { Clock } from '../../bouncer/shared/runtime/clock.ts';
import type { InternetClient, InternetReply } from '../internet-client.ts';
import { describeNetworkError, type NetworkStage } from '../network-error.ts';
import { type CentralApiAccount, readAccount } from './central-api-account.ts';
import { type CrowdsecVersion, speaksV2 } from './crowdsec-version.ts';
import { USER_AGENT } from './lapi-transport.ts';
import { parseJson } from '../parse-json.ts';

export type CentralApiFailure =
  | { readonly kind: 'not_registered'; readonly message: string }
  | { readonly kind: 'unreadable'; readonly message: string }
  | { readonly kind: 'unreachable'; readonly stage: NetworkStage; readonly message: string }
  /** It answered, and said no. */
  | { readonly kind: 'refused'; readonly status: number; readonly message: string }
  /** We did not ask: another login now would have this address banned for an hour. */
  | { readonly kind: 'login_budget'; readonly retryAfterMs: number; readonly message: string };

export interface Contact {
  readonly kind: 'ok';
  readonly latencyMs: number;
  /** Of which organization's engines this is one, by its token: somebody has accepted it in the Console. */
  readonly organizationId?: string;
}

/** Who runs beside the engine, as the Console shows it. */
export interface EngineReport {
  readonly bouncers: readonly unknown[];
  readonly machines: readonly unknown[];
}

export interface CentralApiPorts {
  readonly configDir: string;
  readonly internet: InternetClient;
  readonly clock: Clock;
  readonly version: () => Promise<CrowdsecVersion | undefined>;
  /** Asks for one login; `undefined` grants it. */
  readonly spendLogin: () => Promise<{ readonly retryAfterMs: number } | undefined>;
}

const CALL_MS = 20_000;

/** A token that runs out sooner is not worth beginning with. */
const MARGIN_MS = 60_000;

const loginSchema = z.object({ token: z.string().min(1), expire: z.string() });

interface Token {
  readonly text: string;
  readonly login: string;
  /** Monotonic: an age must not change when somebody sets the clock. */
  readonly obtainedAt: number;
  /** By the time of day, as the Central API told it. */
  readonly expiresAt: number;
}

type ApiVersion = 'v2/' | 'v3/';

type LoggedIn = { readonly kind: 'ok'; readonly token: Token } | CentralApiFailure;

/** CrowdSec's Central API, as the engine itself would talk to it, on the engine's own account. */
export class CentralApi {
  readonly #ports: CentralApiPorts;
  /** The last token of each version of the API. */
  readonly #tokens = new Map<ApiVersion, Token>();

  constructor(ports: CentralApiPorts) {
    this.#ports = ports;
  }

  /**
   * What keeps an engine online in the Console: a login, if the token has run out, and its metrics.
   * A token older than `maxTokenAgeMs` is not used: only a new one shows what happened in the Console meanwhile.
   */
  async contact(report: EngineReport, maxTokenAgeMs = Number.POSITIVE_INFINITY): Promise<Contact | CentralApiFailure> {
    const { clock, configDir, version: askVersion } = this.#ports;
    const found = await readAccount(configDir);
    if (found.kind !== 'ok') return found;
    const version = await askVersion();
    const api = speaksV2(version) ? 'v2/' : 'v3/';
    const startedAt = clock.monotonic();
    const { bouncers, machines } = report;
    const body = JSON.stringify({ apil_version: version?.text ?? 'unknown', bouncers, machines });
    // Where v3 is asked as well, the new token is that one's: logins are few.
    const isAskedOfV3 = api === 'v2/' && Number.isFinite(maxTokenAgeMs);
    const sent = await this.#send(found.account, api, body, isAskedOfV3 ? Number.POSITIVE_INFINITY : maxTokenAgeMs);
    if (sent.kind !== 'ok') return sent;
    const latencyMs = Math.max(1, Math.round(clock.monotonic() - startedAt));
    const organizationId =
      organizationOf(sent.token) ??
      (isAskedOfV3 ? await this.#organizationByV3(found.account, maxTokenAgeMs) : undefined);
    return { kind: 'ok', latencyMs, ...(organizationId === undefined ? {} : { organizationId }) };
  }

  /** A token of v2 may not tell it. One of v3 for the same account does: so later releases know that they are enrolled. */
  async #organizationByV3(account: CentralApiAccount, maxTokenAgeMs: number): Promise<string | undefined> {
    const login = await this.#tokenFor(account, 'v3/', maxTokenAgeMs);
    return login.kind === 'ok' ? organizationOf(login.token) : undefined;
  }

  /** A token that was kept may have been revoked, or our clock may be slow: on 401 a new one is tried, once. */
  async #send(account: CentralApiAccount, api: ApiVersion, body: string, maxTokenAgeMs: number): Promise<LoggedIn> {
    const kept = this.#tokens.get(api);
    const login = await this.#tokenFor(account, api, maxTokenAgeMs);
    if (login.kind !== 'ok') return login;
    const reply = await this.#post(new URL(`${api}metrics/`, account.url), body, login.token.text);
    if (reply.kind === 'ok') return login;
    if (reply.kind !== 'refused' || reply.status !== 401) return reply;
    this.#tokens.delete(api);
    return login.token === kept ? this.#send(account, api, body, maxTokenAgeMs) : reply;
  }

  async #tokenFor(account: CentralApiAccount, api: ApiVersion, maxAgeMs: number): Promise<LoggedIn> {
    const { clock } = this.#ports;
    const now = clock.wall();
    const known = this.#tokens.get(api);
    const usable = known?.login === account.login && known.expiresAt > now ? known : undefined;
    if (usable && usable.expiresAt - MARGIN_MS > now && clock.monotonic() - usable.obtainedAt < maxAgeMs) {
      return { kind: 'ok', token: usable };
    }
    const refused = await this.#ports.spendLogin();
    if (refused === undefined) return this.#login(account, api);
    // An old token still makes contact; it only does not show the newest enrollment.
    if (usable) return { kind: 'ok', token: usable };
    const message = 'too many logins at the Central API within the last hour';
    return { kind: 'login_budget', retryAfterMs: refused.retryAfterMs, message };
  }

  async #login({ url, login, password }: CentralApiAccount, api: ApiVersion): Promise<LoggedIn> {
    const { clock } = this.#ports;
    const obtainedAt = clock.monotonic();
    const body = JSON.stringify({ machine_id: login, password: password.reveal(), scenarios: [] });
    const reply = await this.#post(new URL(`${api}watchers/login`, url), body);
    if (reply.kind !== 'ok') return reply;
    const parsed = loginSchema.safeParse(parseJson(reply.text));
    if (!parsed.success)
      return { kind: 'refused', status: 200, message: 'it answered with something that is no login' };
    const expiry = Date.parse(parsed.data.expire);
    const token = {
      text: parsed.data.token,
      login,
      obtainedAt,
      expiresAt: Number.isNaN(expiry) ? clock.wall() : expiry,
    };
    this.#tokens.set(api, token);
    return { kind: 'ok', token };
  }

  async #post(
    url: URL,
    body: string,
    token?: string,
  ): Promise<{ readonly kind: 'ok'; readonly text: string } | CentralApiFailure> {
    const headers = { 'user-agent': USER_AGENT, ...(token === undefined ? {} : { authorization: `Bearer ${token}` }) };
    try {
      const { internet } = this.#ports;
      const reply = await internet.send({ method: 'POST', url: url.href, headers, body, timeoutMs: CALL_MS });
      return reply.status < 300 ? { kind: 'ok', text: reply.text } : refusal(reply);
    } catch (error) {
      return { kind: 'unreachable', ...describeNetworkError(error) };
    }
  }
}

function refusal({ status, text }: InternetReply): CentralApiFailure {
  const said = z.object({ message: z.string() }).safeParse(parseJson(text));
  const message = said.success ? said.data.message.slice(0, 300) : `status ${status}`;
  return { kind: 'refused', status, message };
}

/** Read without checking the signature: it came from the server itself, over TLS, and only informs. */
function organizationOf({ text }: Token): string | undefined {
  const claims: unknown = parseJson(Buffer.from(text.split('.')[1] ?? '', 'base64url').toString('utf8'));
  const parsed = z.object({ organization_id: z.string().min(1) }).safeParse(claims);
  return parsed.success ? parsed.data.organization_id : undefined;
}
