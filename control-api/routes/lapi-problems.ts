import type { LapiFailure } from '../crowdsec/machine-client.ts';
import { Problem } from '../http/problem.ts';

export function lapiProblem({ kind, message, hint }: LapiFailure): Problem {
  if (kind === 'unreachable') {
    const title = 'CrowdSec’s LAPI does not answer';
    return new Problem({
      status: 503,
      code: 'lapi_unavailable',
      title,
      detail: message,
      hint,
      headers: { 'retry-after': '10' },
    });
  }
  if (kind === 'unauthorized') {
    return new Problem({
      status: 502,
      code: 'lapi_unauthorized',
      title: 'LAPI does not accept our machine account',
      detail: message,
      hint,
    });
  }
  return new Problem({ status: 502, code: 'lapi_refused', title: 'LAPI refused', detail: message, hint });
}
