import { askForToken } from './session.ts';
import { connection } from './connection.ts';
import type { ProblemBody } from './wire.ts';

export const BASE = '/api/v1/cerberus/crowdsec';

export type Method = 'GET' | 'PUT' | 'POST' | 'DELETE';

export interface Call {
  readonly method: Method;
  /** Below the API's own prefix. */
  readonly path: string;
  readonly body?: unknown;
}

/** The API said no, in its own words; or nothing answered at all (`api_unreachable`). */
export class ApiProblem extends Error {
  readonly code: string;
  readonly hint: string;
  readonly status: number;

  constructor({ detail, code, hint, status }: Pick<ProblemBody, 'detail' | 'code' | 'hint' | 'status'>) {
    super(detail);
    this.name = 'ApiProblem';
    this.code = code;
    this.hint = hint;
    this.status = status;
  }
}

/**
 * One request. A change that needs the token asks the person for it, once, and then goes on.
 * @throws ApiProblem
 */
export async function send<Reply>(call: Call, signal?: AbortSignal): Promise<Reply> {
  const first = await attempt(call, signal);
  const isLockedOut = first.status === 401 && call.method !== 'GET';
  const response = isLockedOut && (await askForToken()) ? await attempt(call, signal) : first;
  if (response.ok) return (await response.json()) as Reply;
  throw await problemOf(response);
}

/** What a browser saves as a file: exports. */
export function linkTo(path: string): string {
  return `${BASE}${path}`;
}

async function attempt({ method, path, body }: Call, signal?: AbortSignal): Promise<Response> {
  try {
    const response = await fetch(`${BASE}${path}`, {
      method,
      credentials: 'same-origin',
      ...(signal === undefined ? {} : { signal }),
      ...(body === undefined ? {} : { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
    });
    connection.answered();
    return response;
  } catch (error) {
    if (signal?.aborted === true) throw error;
    connection.failed();
    throw new ApiProblem({
      status: 0,
      code: 'api_unreachable',
      detail: 'The control API does not answer.',
      hint: 'Caddy keeps blocking meanwhile. Check that the control API runs; this page goes on by itself.',
    });
  }
}

async function problemOf(response: Response): Promise<ApiProblem> {
  const body = (await response.json().catch(() => undefined)) as Partial<ProblemBody> | undefined;
  return new ApiProblem({
    status: response.status,
    code: body?.code ?? `http_${response.status}`,
    detail: body?.detail ?? `The API answered with status ${response.status}.`,
    hint: body?.hint ?? 'See the log of the control API.',
  });
}
