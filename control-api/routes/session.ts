import { createRoute, OpenAPIHono, z } from '@hono/zod-openapi';
import { deleteCookie, getCookie, setCookie } from 'hono/cookie';
import { carriesToken } from '../../bouncer/shared/runtime/bearer.ts';
import type { WrongTokens } from '../../bouncer/shared/http/wrong-tokens.ts';
import { type AuthenticationPorts, wrongToken } from '../http/authentication.ts';
import { problems } from './shared-responses.ts';

const PATH = '/api/v1/session';

const sessionSchema = z
  .object({
    signed_in: z.boolean(),
    needed_for: z.enum(['everything', 'changes']).openapi({ description: 'what the token is needed for' }),
    token_path: z.string().optional().openapi({ description: 'the file that holds the token, when none was set' }),
  })
  .openapi('Session');

const answer = {
  200: { description: 'The session', content: { 'application/json': { schema: sessionSchema } } },
  ...problems,
};

const getSession = createRoute({
  method: 'get',
  path: PATH,
  summary: 'Whether this browser is signed in',
  responses: answer,
});

const postSession = createRoute({
  method: 'post',
  path: PATH,
  summary: 'Sign in with the token; sets a cookie that scripts of the page cannot read',
  request: {
    body: {
      required: true,
      content: { 'application/json': { schema: z.strictObject({ token: z.string().min(1).max(512) }) } },
    },
  },
  responses: answer,
});

const deleteSession = createRoute({
  method: 'delete',
  path: PATH,
  summary: 'Sign this browser out',
  responses: answer,
});

export interface SessionPorts extends AuthenticationPorts {
  readonly publicUrls: readonly URL[];
}

export function sessionRoutes({ access, sessions, publicUrls }: SessionPorts, wrongTokens: WrongTokens) {
  const session = (signedIn: boolean) => ({
    signed_in: signedIn,
    needed_for: access.kind === 'configured' ? ('everything' as const) : ('changes' as const),
    ...(access.tokenPath === undefined ? {} : { token_path: access.tokenPath }),
  });
  return new OpenAPIHono()
    .openapi(getSession, (c) => c.json(session(sessions.isOpen(getCookie(c, sessions.cookie))), 200))
    .openapi(postSession, async (c) => {
      const { token } = c.req.valid('json');
      if (!carriesToken(`Bearer ${token}`, access.token)) throw await wrongToken(c, access, wrongTokens);
      const { id, maxAgeSeconds } = sessions.open();
      const host = c.req.header('host')?.toLowerCase();
      const isHttps = publicUrls.some((url) => url.protocol === 'https:' && url.host === host);
      setCookie(c, sessions.cookie, id, {
        httpOnly: true,
        sameSite: 'Strict',
        path: '/',
        maxAge: maxAgeSeconds,
        secure: isHttps,
      });
      return c.json(session(true), 200);
    })
    .openapi(deleteSession, (c) => {
      sessions.close(getCookie(c, sessions.cookie));
      deleteCookie(c, sessions.cookie, { path: '/' });
      return c.json(session(false), 200);
    });
}
