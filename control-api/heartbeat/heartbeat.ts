import type { RedisLink } from '../../bouncer/shared/redis/client.ts';
import type { Clock } from '../../bouncer/shared/runtime/clock.ts';
import type { Logger } from '../../bouncer/shared/runtime/logger.ts';
import type { CentralApi, CentralApiFailure, Contact } from '../crowdsec/central-api.ts';
import type { Cscli, CscliFailure } from '../crowdsec/cscli.ts';
import type { Enrollment } from '../enrollment/enrollment.ts';
import type { EnrollmentRecord } from '../enrollment/enrollment-record.ts';
import type { EventWriter } from '../events/event-writer.ts';
import { engineReport } from './engine-report.ts';
import {
  continued,
  type HeartbeatRecord,
  NO_HEARTBEAT,
  readHeartbeat,
  restoreHeartbeat,
  stateAfter,
  writeHeartbeat,
} from './heartbeat-record.ts';

export const HEARTBEAT_PREFIX = '[HEARTBEAT_POLLER]';

/** While an enrollment waits for somebody, only a new token shows that it was accepted. */
const FRESH_TOKEN_MS = 60_000;

export interface HeartbeatPorts {
  readonly redis: RedisLink;
  readonly centralApi: CentralApi;
  readonly cscli: Cscli;
  readonly enrollment: Enrollment;
  readonly events: EventWriter;
  readonly clock: Clock;
  readonly log: Logger;
}

export interface HeartbeatFailure {
  readonly code: 'capi_not_registered' | 'capi_unreachable' | 'capi_refused' | 'rate_limited' | 'cscli_unavailable';
  readonly message: string;
  readonly hint: string;
  readonly retryAfterMs?: number;
}

export type HeartbeatOutcome =
  | { readonly kind: 'sent'; readonly record: HeartbeatRecord; readonly enrollment: EnrollmentRecord | undefined }
  | { readonly kind: 'failed'; readonly record: HeartbeatRecord; readonly failure: HeartbeatFailure };

/** Contact with the Central API, made now; and the memory of how it went. */
export class Heartbeat {
  readonly #ports: HeartbeatPorts;
  #record: HeartbeatRecord | undefined;
  /** Until Redis was read once, what is known here goes on from nothing, and is not written over what stands there. */
  #hasRead = false;
  /** Redis could not be told the newest. */
  #isUntold = false;
  #underWay: Promise<HeartbeatOutcome> | undefined;

  constructor(ports: HeartbeatPorts) {
    this.#ports = ports;
    ports.redis.on('up', () => void this.#restore().catch(() => undefined));
  }

  /** The last known; without Redis what this process remembers. */
  async record(): Promise<HeartbeatRecord> {
    if (!this.#hasRead || this.#record === undefined) await this.#read().catch(() => undefined);
    return this.#record ?? NO_HEARTBEAT;
  }

  /** Sends one; those who ask while one is under way get its outcome. */
  async send(): Promise<HeartbeatOutcome> {
    this.#underWay ??= this.#send().finally(() => (this.#underWay = undefined));
    return this.#underWay;
  }

  /** The poller says when it will come back. */
  async planned(at: Date): Promise<void> {
    await this.#write({ ...(await this.record()), next_at: at.toISOString() });
  }

  async #send(): Promise<HeartbeatOutcome> {
    const result = await this.#contact();
    const before = await this.record();
    const now = new Date(this.#ports.clock.wall()).toISOString();
    return result.kind === 'ok' ? this.#succeeded(before, result, now) : this.#failed(before, failureOf(result), now);
  }

  async #contact(): Promise<Contact | CentralApiFailure | CscliFailure> {
    const { cscli, centralApi, enrollment } = this.#ports;
    const listed = await engineReport(cscli);
    if (listed.kind !== 'ok') return listed;
    const { state, reason } = await enrollment.status().catch((): Partial<EnrollmentRecord> => ({}));
    const isUnsettled = state === 'pending_acceptance' || reason === 'already_enrolled' || reason === 'interrupted';
    return centralApi.contact(listed.report, isUnsettled ? FRESH_TOKEN_MS : undefined);
  }

  async #succeeded(before: HeartbeatRecord, contact: Contact, now: string): Promise<HeartbeatOutcome> {
    const { log, enrollment, events } = this.#ports;
    const { next_at } = before;
    const record: HeartbeatRecord = {
      state: 'online',
      last_heartbeat_at: now,
      last_attempt_at: now,
      last_latency_ms: contact.latencyMs,
      failures_in_a_row: 0,
      ...(next_at === undefined ? {} : { next_at }),
    };
    await this.#write(record);
    log.info({ latency_ms: contact.latencyMs }, `${HEARTBEAT_PREFIX} heartbeat sent successfully`);
    if (before.state !== 'online') events.write('heartbeat', 'the Central API was reached', { state: 'online' });
    const settled = await enrollment.settle(contact.organizationId).catch(() => undefined);
    return { kind: 'sent', record, enrollment: settled };
  }

  async #failed(before: HeartbeatRecord, failure: HeartbeatFailure, now: string): Promise<HeartbeatOutcome> {
    const { log, events } = this.#ports;
    const wasAsked = failure.code !== 'rate_limited'; // nothing was sent: this says nothing about the connection
    const failures = wasAsked ? before.failures_in_a_row + 1 : before.failures_in_a_row;
    const state =
      failure.code === 'capi_not_registered' ? 'not_registered' : wasAsked ? stateAfter(failures) : before.state;
    const record = {
      ...before,
      state,
      failures_in_a_row: failure.code === 'capi_not_registered' ? 0 : failures,
      last_attempt_at: now,
      last_error: failure.message,
      hint: failure.hint,
    };
    await this.#write(record);
    log.warn(
      { code: failure.code, failures_in_a_row: failures },
      `${HEARTBEAT_PREFIX} heartbeat failed: ${failure.message}`,
    );
    if (state !== before.state) events.write('heartbeat', `heartbeat failed: ${failure.message}`, { state });
    return { kind: 'failed', record, failure };
  }

  async #read(): Promise<void> {
    const stood = await readHeartbeat(this.#ports.redis);
    if (stood !== undefined && this.#record !== undefined && !this.#hasRead)
      this.#record = continued(stood, this.#record);
    else this.#record ??= stood;
    this.#hasRead = true;
  }

  /** A Redis that lost everything learns again what is known here; what it kept stays, but for what it was not told. */
  async #restore(): Promise<void> {
    if (this.#record === undefined) return;
    if (this.#isUntold) await this.#write(await this.record());
    else await restoreHeartbeat(this.#ports.redis, this.#record);
  }

  async #write(record: HeartbeatRecord): Promise<void> {
    this.#record = record;
    this.#isUntold = true;
    if (!this.#hasRead) return;
    await writeHeartbeat(this.#ports.redis, record).then(
      () => (this.#isUntold = false),
      () => undefined,
    );
  }
}

const FIREWALL = 'Allow connections to api.crowdsec.net on port 443, check DNS, or set HTTPS_PROXY.';

function failureOf(failure: CentralApiFailure | CscliFailure): HeartbeatFailure {
  switch (failure.kind) {
    case 'not_registered':
      return {
        code: 'capi_not_registered',
        message: `CrowdSec is not registered at the Central API: ${failure.message}`,
        hint: 'Enroll the engine (which registers it first), or run "cscli capi register" and reload CrowdSec.',
      };
    case 'unreadable':
      return { code: 'capi_not_registered', message: failure.message, hint: 'Let this user read the file.' };
    case 'unreachable':
      return { code: 'capi_unreachable', message: `${failure.stage}: ${failure.message}`, hint: FIREWALL };
    case 'login_budget': {
      const minutes = Math.ceil(failure.retryAfterMs / 60_000);
      const hint = `Try again in ${minutes} minutes: more logins now would have this address banned for an hour.`;
      return { code: 'rate_limited', message: failure.message, hint, retryAfterMs: failure.retryAfterMs };
    }
    case 'refused':
      if ('exitCode' in failure) return { code: 'cscli_unavailable', message: failure.message, hint: failure.hint };
      return {
        code: 'capi_refused',
        message: `the Central API answered ${failure.status}: ${failure.message}`,
        hint: hintForStatus(failure.status),
      };
    default:
      return { code: 'cscli_unavailable', message: failure.message, hint: failure.hint };
  }
}

/** An account is only to be made anew where it is the account that was refused. */
function hintForStatus(status: number): string {
  if (status === 429) return 'It is asked too often from this address: wait; the next heartbeat comes by itself.';
  if (status >= 500) return 'It has a trouble of its own: nothing to do here; the next heartbeat comes by itself.';
  return 'If this lasts, make a new account: "cscli capi register", then reload CrowdSec and enroll again.';
}
