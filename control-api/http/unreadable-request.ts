import { randomUUID } from 'node:crypto';
import type { ProblemBody } from './problem.ts';

type Words = Pick<ProblemBody, 'status' | 'code' | 'title' | 'detail' | 'hint'>;

const TOO_LONG: Words = {
  status: 431,
  code: 'headers_too_large',
  title: 'The address and headers are too long',
  detail: 'The first line and the headers of a request may take 16 KB together.',
  hint: 'Send less in the query; nothing was changed.',
};

const TOO_SLOW: Words = {
  status: 408,
  code: 'request_timeout',
  title: 'The request came too slowly',
  detail: 'The request was not complete in time.',
  hint: 'Send it again; nothing was changed.',
};

const BROKEN: Words = {
  status: 400,
  code: 'not_http',
  title: 'This is not HTTP',
  detail: 'The request could not be read as HTTP/1.1.',
  hint: 'Percent-encode what is not a letter or digit; nothing was changed.',
};

/** The answer to what Node’s parser gave up on, before there was a request: a problem, as everywhere else. */
export function unreadable(code: string | undefined): string {
  const words = code === 'HPE_HEADER_OVERFLOW' ? TOO_LONG : code === 'ERR_HTTP_REQUEST_TIMEOUT' ? TOO_SLOW : BROKEN;
  const id = randomUUID();
  const body = JSON.stringify({
    type: `urn:caddy-crowdsec-sidecar:problem:${words.code}`,
    ...words,
    request_id: id,
  } satisfies ProblemBody);
  const head = [
    `HTTP/1.1 ${words.status} ${words.title}`,
    'connection: close',
    'content-type: application/problem+json',
    `content-length: ${Buffer.byteLength(body)}`,
    'cache-control: no-store',
    'x-content-type-options: nosniff',
    `x-request-id: ${id}`,
  ];
  return `${head.join('\r\n')}\r\n\r\n${body}`;
}
