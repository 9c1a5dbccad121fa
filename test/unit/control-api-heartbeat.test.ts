import { expect, it } from 'vitest';
import type { RedisLink } from '../../bouncer/shared/redis/client.ts';
import type { CentralApi, CentralApiFailure, Contact } from '../../control-api/crowdsec/central-api.ts';
import type { Cscli } from '../../control-api/crowdsec/cscli.ts';
import type { Enrollment } from '../../control-api/enrollment/enrollment.ts';
import type { EventWriter } from '../../control-api/events/event-writer.ts';
import { Heartbeat } from '../../control-api/heartbeat/heartbeat.ts';
import { continued, type HeartbeatRecord, NO_HEARTBEAT } from '../../control-api/heartbeat/heartbeat-record.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { fakeLog } from '../support/fake-log.ts';
import { waitFor } from '../support/wait-for.ts';

const ONLINE: HeartbeatRecord = {
  state: 'online',
  failures_in_a_row: 0,
  last_heartbeat_at: '2025-12-31T23:00:00.000Z',
  next_at: '2025-12-31T23:15:00.000Z',
};
const SOON = new Date('2026-01-01T00:01:00Z');

/** A Redis that comes and goes, and holds one record. */
class OneRecord {
  isUp = false;
  stands: HeartbeatRecord | undefined;
  readonly #listeners: (() => void)[] = [];

  constructor(stands?: HeartbeatRecord) {
    this.stands = stands;
  }

  comesUp(): void {
    this.isUp = true;
    for (const listener of this.#listeners) listener();
  }

  get link(): RedisLink {
    const set = (text: string) => (this.stands = JSON.parse(text) as HeartbeatRecord);
    const reached = <T>(answer: () => T) =>
      this.isUp ? Promise.resolve(answer()) : Promise.reject(new Error('Connection is closed.'));
    return {
      on: (_: 'up', listener: () => void) => this.#listeners.push(listener),
      commands: {
        get: () => reached(() => (this.stands === undefined ? null : JSON.stringify(this.stands))),
        set: (_: string, text: string) => reached(() => set(text)),
        setnx: (_: string, text: string) => reached(() => this.stands ?? set(text)),
      },
    } as unknown as RedisLink;
  }
}

const REACHED: Contact = { kind: 'ok', latencyMs: 20 };
const UNREACHABLE: CentralApiFailure = { kind: 'unreachable', stage: 'dns', message: 'ENOTFOUND' };

function heartbeatWith(redis: OneRecord, contact: () => Contact | CentralApiFailure = () => REACHED): Heartbeat {
  return new Heartbeat({
    redis: redis.link,
    centralApi: { contact: () => Promise.resolve(contact()) } as unknown as CentralApi,
    cscli: { json: () => Promise.resolve({ kind: 'ok', value: [] }) } as unknown as Cscli,
    enrollment: {
      status: () => Promise.reject(new Error('no Redis')),
      settle: () => Promise.reject(new Error('no Redis')),
    } as unknown as Enrollment,
    events: { write: () => undefined } as unknown as EventWriter,
    clock: new FakeClock(),
    log: fakeLog().log,
  });
}

it('goes on from what stands in a Redis that came later than the control API', async () => {
  const redis = new OneRecord(ONLINE);
  const heartbeat = heartbeatWith(redis);
  await heartbeat.planned(SOON);
  expect(await heartbeat.record()).toEqual({ ...NO_HEARTBEAT, next_at: SOON.toISOString() });
  redis.comesUp();
  await waitFor(() => redis.stands?.next_at === SOON.toISOString(), { what: 'the plan to be written' });
  expect(redis.stands).toEqual({ ...ONLINE, next_at: SOON.toISOString() });
  expect(await heartbeat.record()).toEqual(redis.stands);
});

it('counts a failure that came before Redis after those that stand there', async () => {
  const redis = new OneRecord({ ...ONLINE, state: 'degraded', failures_in_a_row: 2 });
  const heartbeat = heartbeatWith(redis, () => UNREACHABLE);
  await heartbeat.send();
  redis.comesUp();
  await waitFor(() => redis.stands?.failures_in_a_row === 3, { what: 'the failure to be written' });
  expect(redis.stands).toMatchObject({ state: 'offline', last_heartbeat_at: ONLINE.last_heartbeat_at });
});

it('does not write over what came while it was under way', async () => {
  const redis = new OneRecord({ ...ONLINE, state: 'degraded', failures_in_a_row: 1 });
  const heartbeat = heartbeatWith(redis, () => {
    redis.comesUp();
    return UNREACHABLE;
  });
  await heartbeat.send();
  expect(redis.stands).toMatchObject({ failures_in_a_row: 2, last_heartbeat_at: ONLINE.last_heartbeat_at });
});

it('tells a wiped Redis again, and leaves alone what another control API wrote', async () => {
  const redis = new OneRecord(ONLINE);
  redis.isUp = true;
  const heartbeat = heartbeatWith(redis);
  await heartbeat.planned(SOON);
  redis.stands = undefined;
  redis.comesUp();
  await waitFor(() => redis.stands !== undefined, { what: 'the record to be there again' });
  expect(redis.stands).toEqual({ ...ONLINE, next_at: SOON.toISOString() });
  const newer = { ...ONLINE, last_heartbeat_at: '2026-01-01T00:00:30.000Z' };
  redis.stands = newer;
  redis.comesUp();
  await new Promise(setImmediate);
  expect(redis.stands).toEqual(newer);
});

it('tells Redis what it missed while it was gone', async () => {
  const redis = new OneRecord(ONLINE);
  redis.isUp = true;
  const heartbeat = heartbeatWith(redis);
  await heartbeat.planned(SOON);
  redis.isUp = false;
  await heartbeat.send();
  redis.comesUp();
  await waitFor(() => redis.stands?.last_heartbeat_at === '2026-01-01T00:00:00.000Z', {
    what: 'the newest to be told',
  });
});

it('writes when the first is due into a Redis that knows none', async () => {
  const redis = new OneRecord();
  redis.isUp = true;
  await heartbeatWith(redis).planned(SOON);
  expect(redis.stands).toEqual({ ...NO_HEARTBEAT, next_at: SOON.toISOString() });
});

it.each<[string, HeartbeatRecord, Partial<HeartbeatRecord>]>([
  ['no account', { state: 'not_registered', failures_in_a_row: 0, hint: 'h' }, { state: 'not_registered', hint: 'h' }],
  ['nothing', NO_HEARTBEAT, { state: 'degraded', failures_in_a_row: 2 }],
  ['success', ONLINE, ONLINE],
])('a record of two failures goes on with %s', (_, since, expected) => {
  expect(continued({ state: 'degraded', failures_in_a_row: 2, last_error: 'e' }, since)).toMatchObject(expected);
});
