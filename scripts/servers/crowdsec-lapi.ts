import { readFile } from 'node:fs/promises';
import { parse } from 'yaml';
import { call, type HttpAnswer } from './http.ts';
import { whileLocked } from './while-locked.ts';

/** LAPI refuses a machine whose User-Agent has not exactly one slash. */
const USER_AGENT = 'caddy-crowdsec-sidecar-scripts/1.0';
const CALL_MS = 30_000;

export interface BanOptions {
  /** A Go duration: `4h`, `30m`, `90s`. */
  readonly duration?: string;
  readonly type?: string;
  readonly reason?: string;
  /** `Ip` or `Range` by the look of the value, unless given. */
  readonly scope?: string;
  readonly origin?: string;
}

export interface Decision {
  readonly id: number;
  readonly value: string;
  readonly scope: string;
  readonly type: string;
  readonly origin: string;
  readonly scenario: string;
  readonly duration: string;
}

/** What a machine may do in LAPI: the calls that `cscli decisions` makes, without its start-up time. */
export class LapiMachine {
  readonly #url: string;
  readonly #credentialsPath: string;
  #token: string | undefined;

  constructor(url: string, credentialsPath: string) {
    this.#url = url;
    this.#credentialsPath = credentialsPath;
  }

  /** Adds a decision as `cscli decisions add` does, and answers with the id of its alert. */
  async ban(value: string, options: BanOptions = {}): Promise<number> {
    const answer = await whileLocked(() => this.#call('POST', '/v1/alerts', [manualAlert(value, options)]));
    const [id] = JSON.parse(answer.body) as string[];
    return Number(id);
  }

  /** Lifts every decision on exactly this value; answers with how many there were. */
  unban(value: string): Promise<number> {
    return this.#delete(`/v1/decisions?value=${encodeURIComponent(value)}`);
  }

  deleteDecision(id: number): Promise<number> {
    return this.#delete(`/v1/decisions/${id}`);
  }

  deleteAll(): Promise<number> {
    return this.#delete('/v1/decisions');
  }

  /** The decisions of one alert, with their ids. */
  async decisionsOfAlert(id: number): Promise<readonly Decision[]> {
    const answer = await this.#call('GET', `/v1/alerts/${id}`);
    const alert = JSON.parse(answer.body) as { decisions?: Decision[] | null };
    return alert.decisions ?? [];
  }

  async #delete(path: string): Promise<number> {
    const answer = await whileLocked(() => this.#call('DELETE', path));
    return Number((JSON.parse(answer.body) as { nbDeleted: string }).nbDeleted);
  }

  /** Tokens die with each restart of LAPI: a 401 means to log in again, once. */
  async #call(method: string, path: string, body?: unknown): Promise<HttpAnswer> {
    let answer = await this.#send(method, path, body, (this.#token ??= await this.#login()));
    if (answer.status === 401) answer = await this.#send(method, path, body, (this.#token = await this.#login()));
    if (answer.status >= 300) throw new Error(`LAPI ${method} ${path}: ${answer.status} ${answer.body}`);
    return answer;
  }

  async #login(): Promise<string> {
    const { login, password } = parse(await readFile(this.#credentialsPath, 'utf8')) as Record<string, string>;
    const answer = await this.#send('POST', '/v1/watchers/login', { machine_id: login, password, scenarios: [] });
    if (answer.status !== 200) throw new Error(`LAPI login of ${login ?? '?'}: ${answer.status} ${answer.body}`);
    return (JSON.parse(answer.body) as { token: string }).token;
  }

  #send(method: string, path: string, body?: unknown, token?: string): Promise<HttpAnswer> {
    return call({
      url: `${this.#url}${path}`,
      method,
      timeoutMs: CALL_MS,
      headers: {
        'user-agent': USER_AGENT,
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
  }
}

export function manualAlert(value: string, options: BanOptions, now = new Date()): Record<string, unknown> {
  const { duration = '4h', type = 'ban', reason = 'manual ban of a test', origin = 'cscli' } = options;
  const scope = options.scope ?? (value.includes('/') ? 'Range' : 'Ip');
  const at = `${now.toISOString().slice(0, 19)}Z`;
  return {
    capacity: 0,
    decisions: [{ duration, origin, scenario: reason, scope, type, value }],
    events: [],
    events_count: 1,
    labels: null,
    leakspeed: '0',
    message: reason,
    scenario: reason,
    scenario_hash: '',
    scenario_version: '',
    simulated: false,
    source: { scope, value, ...(scope === 'Ip' ? { ip: value } : {}), ...(scope === 'Range' ? { range: value } : {}) },
    start_at: at,
    stop_at: at,
  };
}
