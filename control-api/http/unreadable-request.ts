import { randomUUID } from 'node:crypto';
import { RequestError } from '@hono/node-server';
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

const MISADDRESSED: Words = {
  status: 400,
  code: 'bad_address',
  title: 'The address makes no URL',
  detail: 'The path and the Host header of the request make no URL together.',
  hint: 'Send one Host header with a name and a port, and a path that begins with "/"; nothing was changed.',
};

const FAILED: Words = {
  status: 500,
  code: 'internal_error',
  title: 'Something broke here',
  detail: 'The request failed unexpectedly.',
  hint: 'See the log of the control API, and please report it.',
};

/** The answer where the application was not reached, or gave none. */
export function unanswered(error: unknown): Response {
  const words = error instanceof RequestError ? MISADDRESSED : FAILED;
  const id = randomUUID();
  return new Response(bodyOf(words, id), { status: words.status, headers: headersOf(id) });
}

/** The answer to what Node’s parser gave up on, before there was a request: a problem, as everywhere else. */
export function unreadable(code: string | undefined): string {
  const words = code === 'HPE_HEADER_OVERFLOW' ? TOO_LONG : code === 'ERR_HTTP_REQUEST_TIMEOUT' ? TOO_SLOW : BROKEN;
  const id = randomUUID();
  const body = bodyOf(words, id);
  const head = [
    `HTTP/1.1 ${words.status} ${words.title}`,
    `content-length: ${Buffer.byteLength(body)}`,
    ...Object.entries(headersOf(id)).map(([name, value]) => `${name}: ${value}`),
  ];
  return `${head.join('\r\n')}\r\n\r\n${body}`;
}

function bodyOf(words: Words, id: string): string {
  const type = `urn:caddy-crowdsec-sidecar:problem:${words.code}`;
  return JSON.stringify({ type, ...words, request_id: id } satisfies ProblemBody);
}

function headersOf(id: string): Record<string, string> {
  return {
    connection: 'close',
    'content-type': 'application/problem+json',
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    'x-request-id': id,
  };
}
