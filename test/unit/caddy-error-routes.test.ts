import { describe, expect, it } from 'vitest';
import { classifyErrorRoutes } from '../../caddy/error-routes.ts';

const routes = (...handle: unknown[]) => ({ routes: [{ handle }] });
const inside = (...handle: unknown[]) => routes({ handler: 'subroute', routes: [{ handle }] });

describe('error routes', () => {
  it.each([[undefined], [null], [{}], [{ routes: null }], [{ routes: [] }]])('%j are none', (errors) => {
    expect(classifyErrorRoutes(errors)).toEqual({ kind: 'none' });
  });

  it.each([
    [routes({ handler: 'static_response', body: 'no' })],
    [routes({ handler: 'static_response', status_code: '{http.error.status_code}' })],
    [
      inside(
        { handler: 'headers' },
        { handler: 'vars', root: '/' },
        { handler: 'rewrite', uri: '/e' },
        { handler: 'file_server' },
      ),
    ],
    [inside({ handler: 'encode' }, { handler: 'templates' }, { handler: 'log_append' })],
    [{ routes: [{ handle: null }] }],
  ])('%j only dress an error up', (errors) => {
    expect(classifyErrorRoutes(errors)).toEqual({ kind: 'harmless' });
  });

  it.each([
    [routes({ handler: 'reverse_proxy' }), '`reverse_proxy`'],
    [inside({ handler: 'headers' }, { handler: 'php_fastcgi' }), '`php_fastcgi`'],
    [inside({ handler: 'static_response', status_code: 200 }), '200'],
    [inside({ handler: 'static_response', status_code: '{http.vars.x}' }), 'http.vars.x'],
    [inside({ handler: 'file_server', status_code: 404 }), '404'],
    [inside({ handler: 'error', status_code: 404 }), '`error`'],
    [inside({ handler: 'somebody_elses' }), '`somebody_elses`'],
    [routes({ handler: 'subroute', routes: [], errors: routes({ handler: 'reverse_proxy' }) }), '`reverse_proxy`'],
    [routes({}), 'without a name'],
    [routes(null), 'without a name'],
    [{ routes: [3] }, 'no route'],
  ])('%j are risky', (errors, why) => {
    expect(classifyErrorRoutes(errors)).toMatchObject({ kind: 'risky', why: expect.stringContaining(why) as string });
  });
});
