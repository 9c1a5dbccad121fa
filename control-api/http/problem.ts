import type { Context } from 'hono';
import type { HTTPException } from 'hono/http-exception';
import type { ContentfulStatusCode } from 'hono/utils/http-status';
import { z } from '@hono/zod-openapi';

/** RFC 9457, with what a person or script needs to go on: a stable code, the next step, and the request's id. */
export const problemSchema = z
  .object({
    type: z.string().openapi({ example: 'urn:caddy-crowdsec-sidecar:problem:redis_unavailable' }),
    title: z.string(),
    status: z.number().int(),
    detail: z.string(),
    code: z.string(),
    hint: z.string(),
    request_id: z.string(),
    errors: z
      .array(z.object({ path: z.string(), message: z.string() }))
      .optional()
      .openapi({ description: 'each field that was wrong' }),
  })
  .openapi('Problem');

export type ProblemBody = z.infer<typeof problemSchema>;

export interface ProblemSpec {
  readonly status: ContentfulStatusCode;
  /** Stable, for programs: `snake_case`. */
  readonly code: string;
  readonly title: string;
  /** What went wrong this time, and where. */
  readonly detail: string;
  /** What to do next. */
  readonly hint: string;
  readonly errors?: ProblemBody['errors'];
  readonly headers?: Readonly<Record<string, string>>;
}

/** An answer that says no: thrown at the HTTP edge, where the domain's own failures have been turned into words. */
export class Problem extends Error {
  readonly spec: ProblemSpec;

  constructor(spec: ProblemSpec, options?: ErrorOptions) {
    super(spec.detail, options);
    this.name = 'Problem';
    this.spec = spec;
  }
}

export function problemResponse(c: Context, spec: ProblemSpec): Response {
  const { headers, errors, ...rest } = spec;
  const body: ProblemBody = {
    type: `urn:caddy-crowdsec-sidecar:problem:${spec.code}`,
    ...rest,
    request_id: requestId(c),
    ...(errors === undefined ? {} : { errors }),
  };
  return c.body(JSON.stringify(body), spec.status, { ...headers, 'content-type': 'application/problem+json' });
}

function requestId(c: Context): string {
  const id: unknown = c.get('requestId');
  return typeof id === 'string' ? id : 'none';
}

/** What the framework itself throws, in our words. */
export function fromHttpException(error: HTTPException): ProblemSpec {
  switch (error.status) {
    case 413:
      return {
        status: 413,
        code: 'body_too_large',
        title: 'The body is too large',
        detail: 'The request body is larger than this API accepts.',
        hint: 'Send less at once; several requests are fine.',
      };
    case 415:
      return unsupportedMediaType();
    default:
      return {
        status: error.status === 400 ? 400 : 500,
        code: error.status === 400 ? 'invalid_json' : 'internal_error',
        title: error.status === 400 ? 'The body is not JSON' : 'Something broke here',
        detail:
          error.status === 400 ? 'The request body could not be read as JSON.' : 'The request failed unexpectedly.',
        hint: error.status === 400 ? 'Send one complete JSON document.' : 'See the log of the control API.',
      };
  }
}

export function unsupportedMediaType(): ProblemSpec {
  return {
    status: 415,
    code: 'unsupported_media_type',
    title: 'Only JSON is read here',
    detail: 'The request has a body whose content type is not application/json.',
    hint: "Add the header 'content-type: application/json'.",
  };
}

export function invalidRequest(part: string, error: z.core.$ZodError): ProblemSpec {
  const errors = error.issues.map((issue) => ({
    path: [part, ...issue.path.map(String)].join('.'),
    message: issue.message,
  }));
  const first = errors[0];
  return {
    status: 400,
    code: 'invalid_request',
    title: 'The request is not valid',
    detail: first === undefined ? 'The request is not valid.' : `${first.path}: ${first.message}`,
    hint: 'Compare the request with /openapi.json; nothing was changed.',
    errors: errors.slice(0, 100),
  };
}
