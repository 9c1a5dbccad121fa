import { RedisLink } from '../../bouncer/shared/redis/client.ts';
import { systemClock } from '../../bouncer/shared/runtime/clock.ts';
import { createLogger } from '../../bouncer/shared/runtime/logger.ts';
import { Secret } from '../../bouncer/shared/runtime/secret.ts';
import { type AppPorts, createApp } from '../../control-api/app.ts';
import { RequestMetrics } from '../../control-api/http/request-metrics.ts';
import { Sessions } from '../../control-api/http/sessions.ts';
import { Protection } from '../../control-api/protection/protection.ts';

export const TOKEN = 'a-token-that-is-long-enough';

/** The app with nothing behind it: Redis is gone, CrowdSec answers nothing. */
export function appAlone(changes: Partial<AppPorts> = {}) {
  const log = createLogger('test', 'silent', false);
  const redis = new RedisLink('redis://127.0.0.1:1', log); // never started: gone from the beginning
  return createApp({
    log,
    redis,
    clock: systemClock,
    access: { kind: 'generated', token: new Secret(TOKEN), tokenPath: '/state/control-api-token' },
    sessions: new Sessions(systemClock),
    metrics: new RequestMetrics(),
    protection: new Protection(redis, systemClock),
    engine: {
      status: () => Promise.resolve({ mode: 'external', state: 'running', since: '2026-01-01T00:00:00.000Z' }),
      want: () => undefined,
      reload: () => Promise.resolve({ kind: 'not_running' }),
      stop: () => Promise.resolve(),
    },
    publicUrls: [new URL('https://crowdsec.example.com')],
    version: '0.0.0',
    isStopping: () => false,
    ...changes,
  });
}

export const configured = { access: { kind: 'configured', token: new Secret(TOKEN) } } as const;
export const authorized = { authorization: `Bearer ${TOKEN}` };
export const json = { ...authorized, 'content-type': 'application/json' };
