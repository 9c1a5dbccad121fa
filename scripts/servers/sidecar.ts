import { join } from 'node:path';
import { Child } from './child.ts';
import { call, type HttpAnswer } from './http.ts';
import { projectRoot } from './project-root.ts';

/** Our own two daemons, run as a user runs them: the built command line, configured by environment alone. */
export interface DaemonOptions {
  readonly port: number;
  readonly token: string;
  readonly env: Readonly<Record<string, string>>;
  readonly logFile?: string;
}

/** `enforcing`: Caddy has the rules. `alive`: it runs, which is all there is while LAPI or Caddy is down. */
export type Until = 'enforcing' | 'alive';

/** Of the C library, as in deploy/: 30 MB less after a large pull. */
export const C_HEAP = { MALLOC_ARENA_MAX: '2', MALLOC_MMAP_THRESHOLD_: '65536' } as const;

export class BouncerProcess extends Child {
  readonly url: string;
  readonly #token: string;
  #until: Until = 'enforcing';

  constructor({ port, token, env, logFile }: DaemonOptions) {
    const url = `http://127.0.0.1:${port}`;
    super({
      name: 'the bouncer',
      command: process.execPath,
      args: [join(projectRoot, 'dist', 'bouncer', 'main.js'), 'run'],
      env: { ...C_HEAP, ...env, BOUNCER_LISTEN: `127.0.0.1:${port}` },
      ready: async () =>
        (await call({ url: `${url}${this.#until === 'alive' ? '/healthz' : '/readyz'}` })).status === 200,
      ...(logFile === undefined ? {} : { logFile }),
    });
    this.url = url;
    this.#token = token;
  }

  override async start(until: Until = 'enforcing'): Promise<void> {
    this.#until = until;
    await super.start();
  }

  override async restart(until: Until = 'enforcing'): Promise<void> {
    await this.stop();
    await this.start(until);
  }

  /** What LAPI's push does: pull now instead of at the next poll. */
  async refresh(): Promise<HttpAnswer> {
    const answer = await this.get('/refresh', 'POST');
    if (answer.status >= 300) throw new Error(`POST /refresh: ${answer.status} ${answer.body}`);
    return answer;
  }

  /** One request with the bouncer's token. */
  get(path: string, method = 'GET'): Promise<HttpAnswer> {
    return call({ url: `${this.url}${path}`, method, headers: { authorization: `Bearer ${this.#token}` } });
  }
}

export const API_PREFIX = '/api/v1/cerberus/crowdsec';

export class ControlApiProcess extends Child {
  readonly url: string;
  readonly #token: string;

  constructor({ port, token, env, logFile }: DaemonOptions) {
    const url = `http://127.0.0.1:${port}`;
    super({
      name: 'the control API',
      command: process.execPath,
      args: [join(projectRoot, 'dist', 'control-api', 'main.js'), 'serve'],
      env: { ...env, CONTROL_API_LISTEN: `127.0.0.1:${port}` },
      ready: async () => (await call({ url: `${url}/healthz` })).status === 200,
      ...(logFile === undefined ? {} : { logFile }),
    });
    this.url = url;
    this.#token = token;
  }

  /** One request below the API's prefix, with its token. */
  request(method: string, path: string, body?: unknown): Promise<HttpAnswer> {
    return call({
      url: `${this.url}${API_PREFIX}${path}`,
      method,
      headers: {
        authorization: `Bearer ${this.#token}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      timeoutMs: 30_000,
    });
  }
}
