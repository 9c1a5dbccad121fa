/** What a banned client gets to see, and what the access log says about it. */
import { describe, expect, it } from 'vitest';
import { handlersFor } from '../../caddy/answer.ts';
import type { Capabilities } from '../../caddy/capabilities.ts';
import { FORBIDDEN, type RulesetWish } from '../support/caddy-enforcer.ts';

const NEWEST: Capabilities = { clientIp: true, logAppend: true };
const FLOOR: Capabilities = { clientIp: false, logAppend: false };
const UNCACHED = { 'Cache-Control': ['no-store'] };

describe('the answer', () => {
  const handlers = (action: RulesetWish['action'], changes: object = {}) =>
    handlersFor('enforce', { action: action ?? FORBIDDEN, logBlocked: 'keep', capabilities: FLOOR, ...changes });
  const bodyOf = (body: string) => handlers({ kind: 'status', status: 403, body })[0];

  it('is nothing for `off`, and a mark for `monitor` where the log takes one', () => {
    const input = { action: FORBIDDEN, logBlocked: 'keep', capabilities: NEWEST } as const;
    expect(handlersFor('off', input)).toEqual([]);
    expect(handlersFor('monitor', input)).toEqual([{ handler: 'log_append', key: 'crowdsec', value: 'monitor' }]);
    expect(handlersFor('monitor', { ...input, capabilities: FLOOR })).toEqual([]);
  });

  it('may be to hang up, and may be kept out of the log', () => {
    expect(handlers({ kind: 'abort' })).toEqual([{ handler: 'static_response', abort: true }]);
    expect(handlers(FORBIDDEN, { logBlocked: 'skip', capabilities: NEWEST })).toEqual([
      { handler: 'vars', log_skip: true, skip_log: true },
      { handler: 'static_response', status_code: 403, headers: UNCACHED },
    ]);
  });

  it.each([
    ['banned', 'text/plain; charset=utf-8', 'banned'],
    ['  <!doctype html>', 'text/html; charset=utf-8', '  <!doctype html>'],
    [' {"a": [1]}', 'application/json', String.raw` \{"a": [1]\}`],
    ['[1]', 'application/json', '[1]'],
    ['[not json', 'text/plain; charset=utf-8', '[not json'],
    ['"text"', 'text/plain; charset=utf-8', '"text"'],
    ['12', 'text/plain; charset=utf-8', '12'],
    ['"[1]"', 'text/plain; charset=utf-8', '"[1]"'],
    ['a {env.HOME} b', 'text/plain; charset=utf-8', String.raw`a \{env.HOME\} b`],
    ['a } b', 'text/plain; charset=utf-8', 'a } b'],
    [String.raw`a \} b`, 'text/plain; charset=utf-8', String.raw`{env.}a \\} b`],
  ])('tells what it is: %j', (body, type, written) =>
    expect(bodyOf(body)).toEqual({
      handler: 'static_response',
      status_code: 403,
      headers: { ...UNCACHED, 'Content-Type': [type] },
      body: written,
    }),
  );

  it('without a body has none', () => {
    expect(bodyOf('')).toEqual({ handler: 'static_response', status_code: 403, headers: UNCACHED });
  });
});
