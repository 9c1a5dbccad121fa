/** What a banned client gets, and what the user's access log says about it. */
import type { BanAction } from '../bouncer/shared/domain/ruleset.ts';
import type { Policy } from '../bouncer/shared/domain/policy.ts';
import type { Capabilities } from './capabilities.ts';
import type { Handler, Headers } from './config-types.ts';

/** The field of the access log that tells what we did: `"crowdsec":"ban"` or `"crowdsec":"monitor"`. */
const LOG_FIELD = 'crowdsec';

export interface AnswerInput {
  readonly action: BanAction;
  readonly logBlocked: 'keep' | 'skip';
  readonly capabilities: Capabilities;
}

/** The handlers for a banned client under a policy. None means that the request goes on as if nothing were. */
export function handlersFor(policy: Policy, input: AnswerInput): readonly Handler[] {
  switch (policy) {
    case 'off':
      return [];
    case 'monitor':
      return input.capabilities.logAppend ? [mark('monitor')] : [];
    case 'enforce':
      return [...logHandlers(input), answer(input.action)];
  }
}

function logHandlers({ logBlocked, capabilities }: AnswerInput): readonly Handler[] {
  // The name changed in 2.8; each version ignores the other's.
  if (logBlocked === 'skip') return [{ handler: 'vars', log_skip: true, skip_log: true }];
  return capabilities.logAppend ? [mark('ban')] : [];
}

function mark(value: 'ban' | 'monitor'): Handler {
  return { handler: 'log_append', key: LOG_FIELD, value };
}

function answer(action: BanAction): Handler {
  switch (action.kind) {
    case 'status':
      return { handler: 'static_response', status_code: action.status, ...content(action.body) };
    case 'abort':
      return { handler: 'static_response', abort: true };
    case 'error':
      return { handler: 'error', status_code: action.status, error: 'the address is banned' };
  }
}

function content(body: string | undefined): { readonly headers: Headers; readonly body?: string } {
  // A cache in front of Caddy must not serve the ban of one client to the next.
  const uncached = { 'Cache-Control': ['no-store'] };
  if (body === undefined || body === '') return { headers: uncached };
  return { headers: { ...uncached, 'Content-Type': [contentType(body)] }, body: literally(body) };
}

function contentType(body: string): string {
  const start = body.trimStart();
  if (start.startsWith('<')) return 'text/html; charset=utf-8';
  return isJson(start) ? 'application/json' : 'text/plain; charset=utf-8';
}

function isJson(text: string): boolean {
  if (!/^[[{]/.test(text)) return false;
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/**
 * The body as the user's file has it. Caddy would replace placeholders in it, of which some show secrets of the
 * machine (`{env.…}`, `{file.…}`) and some what the client sent (`{http.request.uri}`, in a page: a script). A
 * backslash before a brace makes it a plain brace: on 2.6 in a text that holds a `{`, on newer ones in any.
 */
function literally(body: string): string {
  const escaped = body.replace(/[{}]/g, '\\$&');
  if (body.includes('{')) return escaped;
  // One placeholder, which is always empty, and every version reads the rest alike.
  return body.includes('\\}') ? `{env.}${escaped}` : body;
}
