import { request } from 'undici';
import { createLogger, type Logger } from '../../bouncer/shared/runtime/logger.ts';
import { loadConfig } from '../../control-api/config.ts';
import type { Pace } from '../../control-api/parts.ts';
import { startControlApi } from '../../control-api/service.ts';
import { API_PREFIX } from '../../scripts/servers/sidecar.ts';
import type { Workbench } from '../support/servers.ts';
import { checkDocumented } from './control-api-documented.ts';

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: unknown;
}

export const TEST_TOKEN = 'a-token-for-the-tests';

/** The control API in this process, on a free port, configured as its command line would be. */
export class ApiUnderTest {
  readonly url: string;
  readonly stop: () => Promise<void>;

  constructor(port: number, stop: () => Promise<void>) {
    this.url = `http://127.0.0.1:${port}`;
    this.stop = stop;
  }

  get(path: string): Promise<Answer> {
    return this.request(`${API_PREFIX}${path}`);
  }

  put(path: string, body: unknown): Promise<Answer> {
    return this.request(`${API_PREFIX}${path}`, 'PUT', body);
  }

  post(path: string, body?: unknown): Promise<Answer> {
    return this.request(`${API_PREFIX}${path}`, 'POST', body);
  }

  delete(path: string): Promise<Answer> {
    return this.request(`${API_PREFIX}${path}`, 'DELETE');
  }

  async request(path: string, method: 'GET' | 'PUT' | 'POST' | 'DELETE' = 'GET', body?: unknown): Promise<Answer> {
    const reply = await request(`${this.url}${path}`, {
      method,
      headers: {
        authorization: `Bearer ${TEST_TOKEN}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await reply.body.text();
    const type = String(reply.headers['content-type']);
    const answer: unknown = type.includes('json') ? JSON.parse(text) : text;
    checkDocumented(method, path, reply.statusCode, type, answer); // every answer in every test
    return { status: reply.statusCode, headers: reply.headers, body: answer };
  }
}

/** Starts it; the workbench stops it. Nothing is behind it but what `settings` name. */
export async function startApi(
  workbench: Workbench,
  settings: Readonly<Record<string, string>>,
  options: Pace & { readonly log?: Logger } = {},
): Promise<ApiUnderTest> {
  const config = loadConfig({
    flags: {},
    environment: {
      CONTROL_API_LISTEN: '127.0.0.1:0',
      CONTROL_API_TOKEN: TEST_TOKEN,
      CROWDSEC_LAPI_URL: 'http://127.0.0.1:1',
      CROWDSEC_CONFIG_DIR: workbench.path('no-crowdsec'),
      CSCLI: 'no-such-cscli',
      STATE_DIR: workbench.path('control-api'),
      ...settings,
    },
  });
  if (config.kind === 'invalid') throw new Error(JSON.stringify(config.problems));
  const { log = createLogger('control-api', 'silent', false), ...pace } = options;
  const service = await startControlApi(config.values, log, pace);
  let stopped: Promise<void> | undefined;
  const stop = () => (stopped ??= service.stop());
  workbench.also({ stop });
  return new ApiUnderTest(service.port, stop);
}
