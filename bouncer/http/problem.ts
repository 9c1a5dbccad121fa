import type { ContentfulStatusCode } from 'hono/utils/http-status';

/** RFC 9457. */
export function problem(
  status: ContentfulStatusCode,
  code: string,
  detail: string,
  hint: string,
  headers: Record<string, string> = {},
): Response {
  return new Response(
    JSON.stringify({ type: 'about:blank', title: code.replaceAll('_', ' '), status, code, detail, hint }),
    {
      status,
      headers: { 'content-type': 'application/problem+json', 'cache-control': 'no-store', ...headers },
    },
  );
}
