import type { BouncerStatus, CaddyStatus } from '../../bouncer/shared/domain/status.ts';

/** The names of a change of the settings and of later ones that kept it: bouncers name only the newest. */
export type Carriers = ReadonlySet<string>;

function isCarried(change: string | undefined, carriers: Carriers): boolean {
  return change !== undefined && carriers.has(change);
}

/** A Caddy that follows one of these settings, or has nothing to follow them with. */
function follows(caddy: CaddyStatus, carriers: Carriers): boolean {
  return caddy.state === 'no_http_app' || (caddy.state === 'in_sync' && isCarried(caddy.change, carriers));
}

/** What still stands between a change of the settings and its effect, in sentences; empty when it is in effect. */
export function missingFor(carriers: Carriers, bouncers: readonly BouncerStatus[]): string[] {
  if (bouncers.length === 0) {
    return ['no bouncer is alive: start one (bouncer run), it takes the settings from Redis'];
  }
  return bouncers.flatMap((bouncer) => missingAt(bouncer, carriers));
}

/**
 * Whether waiting longer is of no use: every bouncer has read the change, and all that is missing are Caddys that
 * cannot be reached, that refuse, or whose rules nobody may replace before LAPI answers. Nobody looks at a spinner for ten seconds to learn what is known after one.
 */
export function isStuck(carriers: Carriers, bouncers: readonly BouncerStatus[]): boolean {
  return (
    bouncers.length > 0 &&
    bouncers.every(
      ({ settings, caddies }) =>
        isCarried(settings.change, carriers) &&
        caddies.every((caddy) => follows(caddy, carriers) || isLost(caddy) || isHeldBack(caddy)),
    )
  );
}

function isLost({ state }: CaddyStatus): boolean {
  return state === 'unreachable' || state === 'rejected';
}

/** It was reached, and its bouncer says why its rules stay those from before. */
function isHeldBack({ state, error }: CaddyStatus): boolean {
  return state === 'in_sync' && error !== undefined;
}

function missingAt(bouncer: BouncerStatus, carriers: Carriers): string[] {
  if (!isCarried(bouncer.settings.change, carriers)) return [`bouncer ${bouncer.id} has not read the new settings yet`];
  if (bouncer.caddies.length === 0) return [`bouncer ${bouncer.id} knows no Caddy: set its CADDY_ADMIN`];
  return bouncer.caddies.filter((caddy) => !follows(caddy, carriers)).map(sentence);
}

function sentence(caddy: CaddyStatus): string {
  const why = [caddy.error, caddy.hint].filter((part) => part !== undefined).join('; ');
  const state = {
    unknown: 'has not been reached yet',
    pushing: 'is taking the new rules',
    in_sync: 'still has the rules from before',
    unreachable: 'is unreachable',
    rejected: 'refused the rules',
    foreign: 'belongs to another bouncer',
    no_http_app: 'has no http app',
  }[caddy.state];
  const next = isLost(caddy) ? '; the bouncer keeps trying' : '';
  return `caddy ${caddy.admin} ${state}${why === '' ? '' : `: ${why}`}${next}`;
}
