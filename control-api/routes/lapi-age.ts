import { formatDuration } from '../../bouncer/shared/domain/duration.ts';
import type { Clock } from '../../bouncer/shared/runtime/clock.ts';
import type { LapiFailure } from '../crowdsec/machine-client.ts';
import type { Problem } from '../http/problem.ts';
import type { Protection } from '../protection/protection.ts';
import { lapiProblem } from './lapi-problems.ts';

interface AgePorts {
  readonly protection: Protection;
  readonly clock: Clock;
}

/** What LAPI could not do, as an answer. */
export async function agedLapiProblem(failure: LapiFailure, { protection, clock }: AgePorts): Promise<Problem> {
  return lapiProblem(await withAge(failure, protection, clock));
}

/** Says of a LAPI that does not answer how long that has been so: by the bouncers, which ask it all the time. */
async function withAge(failure: LapiFailure, protection: Protection, clock: Clock): Promise<LapiFailure> {
  if (failure.kind !== 'unreachable') return failure;
  const bouncers = await protection.bouncers().catch(() => []);
  const pulls = bouncers.flatMap(({ lapi }) =>
    lapi.last_pull_at === undefined ? [] : [Date.parse(lapi.last_pull_at)],
  );
  if (pulls.length === 0) return failure;
  const ago = formatDuration(clock.wall() - Math.max(...pulls));
  return { ...failure, message: `${failure.message}; it last answered the bouncer ${ago} ago` };
}
