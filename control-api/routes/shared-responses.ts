import { problemSchema } from '../http/problem.ts';

/** Where everything is that is about CrowdSec; part of the API's contract. */
export const BASE = '/api/v1/cerberus/crowdsec';

/** Any failure: RFC 9457. */
export const problems = {
  default: {
    description: 'What went wrong, and what to do next',
    content: { 'application/problem+json': { schema: problemSchema } },
  },
} as const;
