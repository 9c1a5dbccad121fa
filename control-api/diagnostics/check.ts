import type { BouncerStatus } from '../../bouncer/shared/domain/status.ts';
import type { RedisLink } from '../../bouncer/shared/redis/client.ts';
import type { Clock } from '../../bouncer/shared/runtime/clock.ts';
import type { Config } from '../config.ts';
import type { Cscli } from '../crowdsec/cscli.ts';
import type { CrowdsecVersion } from '../crowdsec/crowdsec-version.ts';
import type { LapiTransport } from '../crowdsec/lapi-transport.ts';
import type { MachineClient } from '../crowdsec/machine-client.ts';
import type { Enrollment } from '../enrollment/enrollment.ts';
import type { Heartbeat } from '../heartbeat/heartbeat.ts';
import type { InternetClient } from '../internet-client.ts';

export const CHECK_STATUSES = ['ok', 'warning', 'failed', 'skipped'] as const;

export interface CheckResult {
  readonly status: (typeof CHECK_STATUSES)[number];
  /** One word for programs, as the documentation has it: `healthy`, `reachable`, … */
  readonly word: string;
  /** One sentence for people. */
  readonly message: string;
  /** One line: what to do. Always there when the check failed. */
  readonly hint?: string;
  readonly latencyMs?: number;
}

/** What checks may look at. */
export interface Diagnosed {
  readonly config: Config;
  readonly redis: RedisLink;
  readonly transport: LapiTransport;
  readonly internet: InternetClient;
  readonly machine: MachineClient;
  readonly cscli: Cscli;
  readonly crowdsecVersion: () => Promise<CrowdsecVersion | undefined>;
  readonly enrollment: Enrollment;
  readonly heartbeat: Heartbeat;
  readonly clock: Clock;
  /** Asked once for all checks; undefined while Redis is gone. */
  readonly bouncers: () => Promise<readonly BouncerStatus[] | undefined>;
}

export interface Check {
  readonly id: string;
  readonly title: string;
  /** `connection`: is it there? `configuration`: is it right? Each has its own address in the API. */
  readonly group: 'connection' | 'configuration';
  readonly run: (diagnosed: Diagnosed) => Promise<CheckResult>;
}

export function ok(message: string, more: Partial<CheckResult> = {}): CheckResult {
  return { status: 'ok', word: 'ok', message, ...more };
}

export function warning(message: string, hint: string, more: Partial<CheckResult> = {}): CheckResult {
  return { status: 'warning', word: 'warning', message, hint, ...more };
}

export function failed(message: string, hint: string, more: Partial<CheckResult> = {}): CheckResult {
  return { status: 'failed', word: 'failed', message, hint, ...more };
}

/** It cannot be known now, for a reason that another check reports. */
export function skipped(message: string, hint?: string): CheckResult {
  return { status: 'skipped', word: 'unknown', message, ...(hint === undefined ? {} : { hint }) };
}
