import { readAccount } from '../../crowdsec/central-api-account.ts';
import { type Check, failed, ok, skipped, warning } from '../check.ts';

const REGISTER = 'Enroll the engine, which registers it first; or run "cscli capi register" and reload CrowdSec.';

export const centralApiAccount: Check = {
  id: 'capi_account',
  title: 'Central API account',
  group: 'configuration',
  run: async ({ config }) => {
    const found = await readAccount(config.CROWDSEC_CONFIG_DIR);
    if (found.kind === 'ok') return ok('CrowdSec is registered at the Central API');
    if (found.kind === 'unreadable') return failed(found.message, 'Let this user read the file, or correct it.');
    return warning(
      `CrowdSec is not registered at the Central API (${found.message}): no community blocklist, no Console`,
      REGISTER,
    );
  },
};

export const enrollmentCheck: Check = {
  id: 'enrollment',
  title: 'Console enrollment',
  group: 'configuration',
  run: async ({ enrollment, redis }) => {
    if (!redis.isUp) return skipped('Redis is not available, so the enrollment is not known');
    const { state, message, next_step, may_be_accepted: mayBeAccepted } = await enrollment.status();
    switch (state) {
      case 'enrolled':
        return ok('this engine is enrolled in the Console', { word: state });
      case 'not_enrolled':
        return ok('this engine is not enrolled in the Console; that is optional', { word: state });
      case 'enrolling':
        return ok('an enrollment is under way', { word: state });
      case 'pending_acceptance':
        if (mayBeAccepted === true) return ok(MAY_BE_ACCEPTED, { word: state });
        return warning(
          message ?? 'the Console waits for you to accept this engine',
          next_step ?? 'Accept it in the Console.',
          { word: state },
        );
      case 'failed':
        return failed(message ?? 'the enrollment failed', next_step ?? 'Enroll again.', { word: state });
    }
  },
};

/** Nothing to warn of for ever: the engine works, and who has accepted it can do no more. */
const MAY_BE_ACCEPTED =
  'the Console knows this engine; whether it was accepted there, CrowdSec 1.4 cannot tell for certain, and app.crowdsec.net shows';

export const heartbeatCheck: Check = {
  id: 'heartbeat',
  title: 'Heartbeats',
  group: 'configuration',
  run: async ({ heartbeat, redis, clock }) => {
    if (!redis.isUp) return skipped('Redis is not available, so the last heartbeat is not known');
    const { state, last_heartbeat_at, last_error, hint, next_at } = await heartbeat.record();
    const word = { word: state };
    if (state === 'not_registered')
      return ok('there are none while CrowdSec is not registered at the Central API', word);
    if (next_at === undefined || Date.parse(next_at) < clock.wall() - OVERDUE_MS) {
      return failed(
        'the heartbeat service is not running',
        'Start the control API (control-api serve), or force a heartbeat: POST /console/heartbeat.',
        word,
      );
    }
    if (state === 'unknown') return ok(`the first is due at ${next_at}`, word);
    if (state === 'online') return ok(`the last was at ${last_heartbeat_at ?? '?'}`, word);
    return failed(
      `${state}: ${last_error ?? 'heartbeats fail'}`,
      hint ?? 'Check the connection to api.crowdsec.net.',
      word,
    );
  },
};

/** A poller that has missed its own time by this much is gone. */
const OVERDUE_MS = 120_000;
