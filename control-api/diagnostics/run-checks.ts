import { readStatuses } from '../../bouncer/shared/redis/status-store.ts';
import { reasonOf } from '../../bouncer/shared/runtime/reason.ts';
import type { Config } from '../config.ts';
import { type Check, type CheckResult, type Diagnosed, failed } from './check.ts';
import { CHECKS } from './checks.ts';

export interface Finding extends CheckResult {
  readonly id: string;
  readonly title: string;
  readonly group: Check['group'];
}

/** Longer than any check's own limits: a check that hangs is a bug, and must not hang the others. */
const CHECK_MS = 30_000;

/** Runs the checks of a group (or all) at the same time; none can make another fail. */
export async function runChecks(
  parts: Omit<Diagnosed, 'bouncers' | 'config'>,
  config: Config,
  group?: Check['group'],
): Promise<Finding[]> {
  let bouncers: ReturnType<Diagnosed['bouncers']> | undefined;
  const diagnosed: Diagnosed = {
    ...parts,
    config,
    bouncers: () =>
      (bouncers ??= parts.redis.isUp ? readStatuses(parts.redis).catch(() => undefined) : Promise.resolve(undefined)),
  };
  const checks = CHECKS.filter((check) => group === undefined || check.group === group);
  return Promise.all(
    checks.map(async (check) => {
      const { id, title, group: of } = check;
      return { id, title, group: of, ...(await runOne(check, diagnosed)) };
    }),
  );
}

async function runOne(check: Check, diagnosed: Diagnosed): Promise<CheckResult> {
  const limit = new Promise<CheckResult>((resolve) => {
    const late = failed(`this took longer than ${CHECK_MS / 1_000} s`, 'See what this machine is busy with.');
    setTimeout(() => resolve(late), CHECK_MS).unref();
  });
  const result = check.run(diagnosed).catch((error: unknown) => {
    const message = reasonOf(error);
    return failed(`the check itself failed: ${message}`, 'Please report this.');
  });
  return Promise.race([result, limit]);
}
