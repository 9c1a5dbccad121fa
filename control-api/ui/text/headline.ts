import type { BouncerSummary, Engine, Status } from '../api/wire.ts';
import { count, counted } from './count.ts';
import { age } from './time.ts';

/** Calm or not: `good` enforcing · `watch` only watching · `warn` on its way or ageing · `bad` broken · `idle` off. */
export type Tone = 'good' | 'watch' | 'warn' | 'bad' | 'idle';

export interface Headline {
  readonly tone: Tone;
  /** A word or three: for the mark beside the navigation. */
  readonly state: string;
  /** The real state, as a sentence begins. */
  readonly title: string;
  readonly detail: string;
}

/** `6 local, 33,546 community`: what is not there is not named. */
export function origins({ local, community, lists }: BouncerSummary['decisions']): string {
  const parts = [
    [local, 'local'],
    [community, 'community'],
    [lists, 'from lists'],
  ] as const;
  return parts
    .filter(([value], index) => value > 0 || index === 0)
    .map(([value, name]) => `${count(value)} ${name}`)
    .join(', ');
}

export function headline({ bouncer, engine, enabled }: Status, now: number): Headline {
  const reason = bouncer.reasons[0] ?? '';
  const total = bouncer.decisions.total;
  switch (bouncer.state) {
    case 'enforcing':
      return total === 0
        ? { tone: 'good', state: 'Enforcing', title: 'Enforcing, nobody is banned', detail: noBans(engine) }
        : {
            tone: 'good',
            state: 'Enforcing',
            title: `Enforcing ${addresses(bouncer)}`,
            detail: origins(bouncer.decisions),
          };
    case 'monitoring':
      return {
        tone: 'watch',
        state: 'Monitoring',
        title: `Watching ${addresses(bouncer)}, blocking nobody`,
        detail: `${origins(bouncer.decisions)}. Caddy marks such requests in its access log.`,
      };
    case 'off':
      return { tone: 'idle', state: 'Off', title: 'Protection is off', detail: 'Caddy lets everybody in.' };
    case 'starting':
      return { tone: 'warn', state: 'Starting', title: 'Starting', detail: sentence(reason, 'Nothing is known yet.') };
    case 'syncing':
      return {
        tone: 'warn',
        state: 'Syncing',
        title: 'Syncing',
        detail: sentence(reason, 'The first complete list is on its way to Caddy.'),
      };
    case 'stale':
      return {
        tone: 'warn',
        state: `Stale${pullAge(bouncer, now, ' for ')}`,
        title: `Stale${pullAge(bouncer, now, ' for ')}: enforcing the last ${addresses(bouncer)}`,
        detail: sentence(reason, 'CrowdSec’s LAPI does not answer. What was known stays in force until it runs out.'),
      };
    case 'degraded':
      return {
        tone: 'bad',
        state: 'Degraded',
        title: 'A Caddy does not hold the rules',
        detail: sentence(reason, 'See Diagnostics for what to do.'),
      };
    case 'unknown':
    case 'offline':
      return unheard(bouncer, enabled, now);
  }
}

/** Ranges are named only where there are some: most lists are addresses. */
function addresses({ decisions: { total }, enforced }: BouncerSummary): string {
  return enforced.ranges === 0
    ? counted(total, 'address', 'addresses')
    : counted(total, 'address or range', 'addresses and ranges');
}

function unheard(bouncer: BouncerSummary, isEnabled: boolean, now: number): Headline {
  if (bouncer.state === 'unknown') {
    const detail = sentence(bouncer.reasons[0] ?? '', 'Redis takes no writes.');
    return { tone: 'bad', state: 'Not known', title: 'The bouncer cannot be heard', detail };
  }
  return {
    tone: 'bad',
    state: 'Bouncer offline',
    title: 'The bouncer is offline',
    detail: `${offline(bouncer, now)}${isEnabled ? ' Caddy keeps its last rules; nothing new is blocked or lifted.' : ''}`,
  };
}

function offline({ offline_since: since }: BouncerSummary, now: number): string {
  return since === undefined ? 'None was seen yet.' : `Last heard of ${age(now - Date.parse(since))} ago.`;
}

function pullAge({ last_pull_at: at }: BouncerSummary, now: number, before: string): string {
  return at === undefined ? '' : `${before}${age(now - Date.parse(at))}`;
}

function noBans(engine: Engine): string {
  return engine.state === 'unreachable' ? 'CrowdSec does not answer just now.' : 'CrowdSec has nothing to ban now.';
}

/** Reasons come in lower case, as log lines do. */
function sentence(reason: string, otherwise: string): string {
  if (reason === '') return otherwise;
  return `${reason.charAt(0).toUpperCase()}${reason.slice(1)}${/[.!?]$/.test(reason) ? '' : '.'}`;
}
