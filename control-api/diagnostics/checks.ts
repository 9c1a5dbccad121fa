import type { Check } from './check.ts';
import { accessLog } from './checks/access-log.ts';
import { caddyfileRemarks, clientAddress } from './checks/caddyfile.ts';
import { centralApiAccount, enrollmentCheck, heartbeatCheck } from './checks/console.ts';
import { configurationFiles } from './checks/files.ts';
import { centralApi, clockSkew, hub } from './checks/internet.ts';
import { bouncerKey, lapi, machineLogin, streamAge } from './checks/lapi.ts';
import { bouncerCheck, caddyCheck, redisCheck, rulesInPlace } from './checks/servers.ts';

/** Everything that is checked, in the order in which a person should mend it: what others stand on first. */
export const CHECKS: readonly Check[] = [
  caddyCheck,
  redisCheck,
  lapi,
  bouncerCheck,
  ...configurationFiles,
  accessLog,
  bouncerKey,
  machineLogin,
  streamAge,
  rulesInPlace,
  clientAddress,
  caddyfileRemarks,
  centralApi,
  hub,
  centralApiAccount,
  enrollmentCheck,
  heartbeatCheck,
  clockSkew,
];
