import { existsSync } from 'node:fs';
import type { RequestLimits } from '../bouncer/shared/http/request-limits.ts';
import { RedisLink } from '../bouncer/shared/redis/client.ts';
import { systemClock } from '../bouncer/shared/runtime/clock.ts';
import type { Logger } from '../bouncer/shared/runtime/logger.ts';
import type { Config } from './config.ts';
import { CentralApi } from './crowdsec/central-api.ts';
import { versionReader } from './crowdsec/crowdsec-version.ts';
import { cscliCommand, engineCommand } from './crowdsec/cscli-command.ts';
import { Cscli } from './crowdsec/cscli.ts';
import type { EngineReload } from './crowdsec/engine.ts';
import { ExternalEngine } from './crowdsec/external-engine.ts';
import { LapiTransport } from './crowdsec/lapi-transport.ts';
import { ManagedEngine } from './crowdsec/managed-engine.ts';
import { machineCredentials } from './crowdsec/machine-credentials.ts';
import { MachineClient } from './crowdsec/machine-client.ts';
import { operatorCommand } from './crowdsec/operator-command.ts';
import { signalReload, STARTING_MS } from './crowdsec/reload-signal.ts';
import { createDecisionParts } from './decisions/decision-parts.ts';
import { Enrollment } from './enrollment/enrollment.ts';
import { EventWriter } from './events/event-writer.ts';
import { Heartbeat } from './heartbeat/heartbeat.ts';
import { LoginBudget } from './heartbeat/login-budget.ts';
import { HubIndex } from './hub/hub-index.ts';
import { HubOperations } from './hub/hub-operations.ts';
import { InternetClient } from './internet-client.ts';
import { Protection } from './protection/protection.ts';

/** Waits that tests make shorter. */
export interface Pace {
  /** The first wait between two attempts to enroll. */
  readonly enrollmentRetryMs?: number;
  /** How long one attempt may take. */
  readonly enrollmentAttemptMs?: number;
  /** How long a CrowdSec of somebody else's must have run before it is told to reload. */
  readonly crowdsecStartingMs?: number;
  /** What slow clients and many clients get. */
  readonly requestLimits?: RequestLimits;
  /** How often /events says that it is there; who has not taken the last one by then is cut off. */
  readonly eventPingMs?: number;
}

export type Parts = ReturnType<typeof createParts>;

/** Everything that the API and the diagnostics are made of. Nothing connects before it is asked to. */
export function createParts(config: Config, log: Logger, pace: Pace = {}) {
  const clock = systemClock;
  const configDir = config.CROWDSEC_CONFIG_DIR;
  const redis = new RedisLink(config.REDIS_URL.reveal(), log);
  const transport = new LapiTransport({
    url: config.CROWDSEC_LAPI_URL,
    caFile: config.CROWDSEC_CA_FILE,
    certFile: config.CROWDSEC_CERT_FILE,
    keyFile: config.CROWDSEC_KEY_FILE,
  });
  const internet = new InternetClient({
    httpProxy: config.HTTP_PROXY,
    httpsProxy: config.HTTPS_PROXY,
    noProxy: config.NO_PROXY,
    caFile: process.env['SSL_CERT_FILE'],
  });
  const cscli = new Cscli(cscliCommand(config));
  const version = versionReader(cscli, clock);
  const machine = new MachineClient(transport, () => machineCredentials(config));
  const events = new EventWriter(redis, clock);
  const versionText = async () => (await version())?.text;
  const { CROWDSEC_PID: pid } = config;
  const around = { cscli: config.CSCLI, sharesProcesses: pid !== undefined, isInContainer: isInContainer() };
  const command = (verb: 'reload' | 'restart') => operatorCommand(verb, around);
  const startingMs = pace.crowdsecStartingMs ?? STARTING_MS;
  const reload = async (): Promise<EngineReload> =>
    pid === undefined
      ? { kind: 'ask_operator', command: command('reload') }
      : signalReload({ pid, configDir, transport, version, startingMs, log, command });
  const engine =
    config.CROWDSEC_ENGINE === 'managed'
      ? new ManagedEngine({ command: engineCommand(config), transport, version: versionText, events, clock, log })
      : new ExternalEngine({ transport, clock, version: versionText, log, reload });
  const budget = new LoginBudget(redis, clock);
  const spendLogin = () => budget.spend();
  const centralApi = new CentralApi({ configDir, internet, clock, version, spendLogin });
  const enrollment = new Enrollment({
    redis,
    cscli,
    engine,
    budget,
    events,
    clock,
    log,
    version,
    configDir,
    retryAfterMs: pace.enrollmentRetryMs ?? 2_000,
    attemptMs: pace.enrollmentAttemptMs ?? 60_000,
  });
  const heartbeat = new Heartbeat({ redis, centralApi, cscli, enrollment, events, clock, log });
  const protection = new Protection(redis, clock);
  const decisions = createDecisionParts({ config, redis, machine, protection, events, clock, log });
  const hub = new HubIndex(configDir);
  const hubOperations = new HubOperations({ hub, cscli, engine, events, log });
  return {
    clock,
    redis,
    transport,
    internet,
    cscli,
    crowdsecVersion: version,
    machine,
    engine,
    events,
    budget,
    enrollment,
    heartbeat,
    protection,
    decisions,
    hub,
    hubOperations,
    close: async () => {
      await transport.close();
      await internet.close();
      redis.stop();
    },
  };
}

/** As Docker and Podman mark what they run. */
function isInContainer(): boolean {
  return existsSync('/.dockerenv') || existsSync('/run/.containerenv');
}
