import { createLogger } from '../../bouncer/shared/runtime/logger.ts';
import { Secret } from '../../bouncer/shared/runtime/secret.ts';
import { type AppPorts, createApp } from '../../control-api/app.ts';
import { loadConfig } from '../../control-api/config.ts';
import { RequestMetrics } from '../../control-api/http/request-metrics.ts';
import { Sessions } from '../../control-api/http/sessions.ts';
import { createParts } from '../../control-api/parts.ts';

export const TOKEN = 'a-token-that-is-long-enough';

/** The app with nothing behind it: no Redis, no CrowdSec, no cscli. */
export function appAlone(changes: Partial<AppPorts> = {}) {
  const log = createLogger('test', 'silent', false);
  const environment = {
    CONTROL_API_LISTEN: '127.0.0.1:0',
    REDIS_URL: 'redis://127.0.0.1:1', // and never started: gone from the beginning
    CROWDSEC_LAPI_URL: 'http://127.0.0.1:1',
    CROWDSEC_CONFIG_DIR: '/nowhere/crowdsec',
    CSCLI: '/nowhere/cscli',
  };
  const config = loadConfig({ flags: {}, environment });
  if (config.kind === 'invalid') throw new Error(JSON.stringify(config.problems));
  const parts = createParts(config.values, log);
  return createApp({
    ...parts,
    config: config.values,
    log,
    access: { kind: 'generated', token: new Secret(TOKEN), tokenPath: '/state/control-api-token' },
    sessions: new Sessions(parts.clock),
    metrics: new RequestMetrics(),
    publicUrls: [new URL('https://crowdsec.example.com')],
    version: '0.0.0',
    stopping: new AbortController().signal,
    ...changes,
  });
}

export const configured = { access: { kind: 'configured', token: new Secret(TOKEN) } } as const;
export const authorized = { authorization: `Bearer ${TOKEN}` };
export const json = { ...authorized, 'content-type': 'application/json' };
