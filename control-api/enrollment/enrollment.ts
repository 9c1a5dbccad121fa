import pRetry from 'p-retry';
import type { RedisLink } from '../../bouncer/shared/redis/client.ts';
import type { Clock } from '../../bouncer/shared/runtime/clock.ts';
import type { Logger } from '../../bouncer/shared/runtime/logger.ts';
import { readAccount } from '../crowdsec/central-api-account.ts';
import { type CrowdsecVersion, speaksV2 } from '../crowdsec/crowdsec-version.ts';
import type { Cscli } from '../crowdsec/cscli.ts';
import type { Engine } from '../crowdsec/engine.ts';
import type { EventWriter } from '../events/event-writer.ts';
import type { LoginBudget } from '../heartbeat/login-budget.ts';
import { viaRedis } from '../redis-access.ts';
import { type AttemptResult, enrollOnce, type EnrollmentRequest, registerAtCentralApi } from './enroll-once.ts';
import { type EnrollmentFailure, enrollmentFailure } from './enrollment-failure.ts';
import { EnrollmentLease } from './enrollment-lease.ts';
import {
  type EnrollmentRecord,
  NOT_ENROLLED,
  readEnrollment,
  restoreEnrollment,
  writeEnrollment,
} from './enrollment-record.ts';

const PREFIX = '[CROWDSEC_ENROLLMENT]';

const MOST_ATTEMPTS = 3;

export interface EnrollmentPorts {
  readonly redis: RedisLink;
  readonly cscli: Cscli;
  readonly engine: Engine;
  readonly budget: LoginBudget;
  readonly events: EventWriter;
  readonly clock: Clock;
  readonly log: Logger;
  readonly version: () => Promise<CrowdsecVersion | undefined>;
  readonly configDir: string;
  /** The first wait between attempts. */
  readonly retryAfterMs: number;
  /** How long one attempt may take: two calls to the Central API, each of which may be slow. */
  readonly attemptMs: number;
}

export type EnrollmentOutcome =
  | { readonly kind: 'done'; readonly record: EnrollmentRecord }
  | { readonly kind: 'failed'; readonly record: EnrollmentRecord; readonly retryAfterMs?: number }
  | { readonly kind: 'busy' };

/** A failure on its way out of p-retry. */
class AttemptFailed extends Error {
  readonly failure: EnrollmentFailure;
  readonly retryAfterMs: number | undefined;

  constructor(failure: EnrollmentFailure, retryAfterMs?: number) {
    super(failure.message);
    this.failure = failure;
    this.retryAfterMs = retryAfterMs;
  }
}

/** `not_enrolled → enrolling → pending_acceptance → enrolled`, or `failed` with a reason. */
export class Enrollment {
  readonly #ports: EnrollmentPorts;

  /** The last record that was read or written here: what a Redis that lost everything is told again. */
  #known: EnrollmentRecord | undefined;

  constructor(ports: EnrollmentPorts) {
    this.#ports = ports;
    ports.redis.on('up', () => {
      if (this.#known !== undefined) restoreEnrollment(ports.redis, this.#known).catch(() => undefined);
    });
  }

  /** Where it stands; an attempt whose process died counts as failed once its lease has run out. */
  async status(): Promise<EnrollmentRecord> {
    return viaRedis(this.#ports.redis, async (redis) => {
      const record = await readEnrollment(redis);
      if (record.state !== 'not_enrolled') this.#known = record;
      if (record.state !== 'enrolling' || (await EnrollmentLease.isHeld(redis))) return record;
      return this.#write(failedRecord(enrollmentFailure('interrupted'), record));
    });
  }

  async enroll(request: EnrollmentRequest): Promise<EnrollmentOutcome> {
    const lease = await viaRedis(this.#ports.redis, (redis) => EnrollmentLease.acquire(redis));
    if (lease === undefined) return { kind: 'busy' };
    try {
      return await this.#enrollWith(lease, request);
    } finally {
      await lease.release().catch(() => undefined); // else it runs out
    }
  }

  /** Forgets what is known here; the Console keeps its own list. */
  async forget(): Promise<EnrollmentRecord | undefined> {
    const lease = await viaRedis(this.#ports.redis, (redis) => EnrollmentLease.acquire(redis));
    if (lease === undefined) return undefined;
    try {
      return await this.#write(NOT_ENROLLED);
    } finally {
      await lease.release().catch(() => undefined);
    }
  }

  /**
   * A contact with the Central API has succeeded: puts a wrong local state right. An organization in the token means
   * that somebody accepted the engine. "Already enrolled" was the Central API's own word, so with a working account
   * it is as good.
   */
  async settle(organizationId: string | undefined): Promise<EnrollmentRecord> {
    const record = await this.status();
    const isEnrolled = organizationId !== undefined || record.reason === 'already_enrolled';
    if (!isEnrolled || record.state === 'enrolled' || record.state === 'enrolling') return record;
    this.#ports.log.info(`${PREFIX} the Central API says that this engine is enrolled`);
    const toDo = record.state === 'pending_acceptance' ? await this.#reloadEngine() : {};
    const now = await this.status();
    if (now.state !== record.state) return now; // somebody enrolled anew, or forgot it, while the engine reloaded
    const about = aboutOf(record);
    return this.#write({ state: 'enrolled', message: 'This engine is enrolled in the Console.', ...about, ...toDo });
  }

  async #enrollWith(lease: EnrollmentLease, request: EnrollmentRequest): Promise<EnrollmentOutcome> {
    const { log } = this.#ports;
    const about = {
      ...(request.name ? { name: request.name } : {}),
      ...(request.tags ? { tags: [...request.tags] } : {}),
    };
    await this.#write({ state: 'enrolling', attempts: 1, message: 'The enrollment is under way.', ...about });
    log.info(about, `${PREFIX} enrollment started`);
    try {
      await this.#register();
      await this.#attempts(lease, request, about);
    } catch (error) {
      if (!(error instanceof AttemptFailed)) throw error;
      log.error({ reason: error.failure.reason }, `${PREFIX} enrollment failed: ${error.failure.message}`);
      const record = await this.#write(failedRecord(error.failure, about));
      return {
        kind: 'failed',
        record,
        ...(error.retryAfterMs === undefined ? {} : { retryAfterMs: error.retryAfterMs }),
      };
    }
    log.info(`${PREFIX} enrollment completed`);
    const record = await this.#write({ ...pendingRecord(await this.#ports.version()), ...about });
    await this.#reloadEngine();
    return { kind: 'done', record };
  }

  /** An engine without an account at the Central API cannot be enrolled: makes one first. */
  async #register(): Promise<void> {
    const { cscli, configDir, log, attemptMs } = this.#ports;
    if ((await readAccount(configDir)).kind !== 'not_registered') return;
    log.info(`${PREFIX} CrowdSec is not registered at the Central API: registering`);
    const result = await this.#spend(() => registerAtCentralApi(cscli, attemptMs));
    if (result.kind === 'ok') {
      log.info(`${PREFIX} CAPI registration completed`);
      return;
    }
    const { reason, message } = result.failure;
    const short = reason === 'timeout' ? 'timeout' : message;
    log.error({ reason }, `${PREFIX} CAPI registration failed: ${short}`);
    throw new AttemptFailed({ ...result.failure, message: `CAPI registration failed: ${short}` });
  }

  async #attempts(lease: EnrollmentLease, request: EnrollmentRequest, about: Partial<EnrollmentRecord>): Promise<void> {
    const { redis, log, cscli, retryAfterMs, attemptMs } = this.#ports;
    const { stopping } = cscli;
    await pRetry(
      async (attempt) => {
        await viaRedis(redis, () => lease.renew()); // registering may have taken half of it
        if (attempt > 1) {
          log.warn(`${PREFIX} retrying enrollment (attempt ${attempt}/${MOST_ATTEMPTS})`);
          const message = `Trying again (attempt ${attempt} of ${MOST_ATTEMPTS}).`;
          await this.#write({ state: 'enrolling', attempts: attempt, message, ...about });
        }
        const result = await this.#spend(() => enrollOnce(cscli, request, attemptMs));
        if (result.kind === 'failed') throw new AttemptFailed(result.failure);
      },
      {
        retries: MOST_ATTEMPTS - 1,
        minTimeout: retryAfterMs,
        randomize: true,
        signal: stopping,
        shouldRetry: ({ error }) =>
          error instanceof AttemptFailed && error.failure.retryHelps && error.failure.reason !== 'rate_limited',
      },
    ).catch((error: unknown) => {
      throw stopping.aborted ? new AttemptFailed(enrollmentFailure('interrupted')) : error;
    });
  }

  /** Every cscli call that logs in at the Central API counts against the same budget as our own logins. */
  async #spend(work: () => Promise<AttemptResult>): Promise<AttemptResult> {
    const refused = await this.#ports.budget.spend();
    if (refused === undefined) return work();
    throw new AttemptFailed(enrollmentFailure('rate_limited'), refused.retryAfterMs);
  }

  /** So that the engine logs in anew, and follows the Console. @returns what is left to do for people. */
  async #reloadEngine(): Promise<Pick<EnrollmentRecord, 'next_step' | 'command'>> {
    const reload = await this.#ports.engine.reload();
    if (reload.kind !== 'ask_operator') return {};
    this.#ports.log.info(`${PREFIX} reload CrowdSec to finish: ${reload.command}`);
    return {
      next_step: 'Once, now that it is accepted: have CrowdSec log in anew, so that it follows the Console.',
      command: reload.command,
    };
  }

  async #write(record: EnrollmentRecord): Promise<EnrollmentRecord> {
    const dated = { since: new Date(this.#ports.clock.wall()).toISOString(), ...record };
    this.#known = dated;
    await viaRedis(this.#ports.redis, (redis) => writeEnrollment(redis, dated));
    this.#ports.events.write('enrollment', record.message ?? `enrollment: ${record.state}`, { state: record.state });
    return dated;
  }
}

/** What 1.4 was told by the Central API when it was made need not be what later releases are told. */
function pendingRecord(version: CrowdsecVersion | undefined): EnrollmentRecord {
  const accept = 'Log in to app.crowdsec.net, accept the engine under Security Engines, then force a heartbeat.';
  if (!speaksV2(version)) {
    return {
      state: 'pending_acceptance',
      message: 'The Console knows this engine and waits for you to accept it.',
      next_step: accept,
    };
  }
  return {
    state: 'pending_acceptance',
    may_be_accepted: true,
    message: 'The Console knows this engine. Whether it was accepted there, CrowdSec 1.4 cannot tell for certain.',
    next_step: `${accept} If the Console lists it among your engines already, you are done, whatever is said here.`,
  };
}

function aboutOf({ name, tags }: Partial<EnrollmentRecord>): Pick<EnrollmentRecord, 'name' | 'tags'> {
  return { ...(name === undefined ? {} : { name }), ...(tags === undefined ? {} : { tags }) };
}

function failedRecord(failure: EnrollmentFailure, about: Partial<EnrollmentRecord>): EnrollmentRecord {
  return {
    ...aboutOf(about),
    state: 'failed',
    reason: failure.reason,
    message: failure.message,
    next_step: failure.nextStep,
    retry_helps: failure.retryHelps,
  };
}
