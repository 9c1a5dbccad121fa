import type { BouncerStatus, CaddyStatus } from '../../bouncer/shared/domain/status.ts';

/** A Caddy that follows the settings named by `change`, or has nothing to follow them with. */
function follows(caddy: CaddyStatus, change: string): boolean {
  return caddy.state === 'no_http_app' || (caddy.state === 'in_sync' && caddy.change === change);
}

/** What still stands between a change of the settings and its effect, in sentences; empty when it is in effect. */
export function missingFor(change: string, bouncers: readonly BouncerStatus[]): string[] {
  if (bouncers.length === 0) {
    return ['no bouncer is alive: start one (bouncer run), it takes the settings from Redis'];
  }
  return bouncers.flatMap((bouncer) => missingAt(bouncer, change));
}

function missingAt(bouncer: BouncerStatus, change: string): string[] {
  if (bouncer.settings.change !== change) return [`bouncer ${bouncer.id} has not read the new settings yet`];
  if (bouncer.caddies.length === 0) return [`bouncer ${bouncer.id} knows no Caddy: set its CADDY_ADMIN`];
  return bouncer.caddies.filter((caddy) => !follows(caddy, change)).map(sentence);
}

function sentence(caddy: CaddyStatus): string {
  const why = [caddy.error, caddy.hint].filter((part) => part !== undefined).join('; ');
  const state = {
    unknown: 'has not been reached yet',
    pushing: 'is taking the new rules',
    in_sync: 'still has the rules from before',
    unreachable: 'is unreachable',
    rejected: 'refused the rules',
    no_http_app: 'has no http app',
  }[caddy.state];
  return `caddy ${caddy.admin} ${state}${why === '' ? '' : `: ${why}`}`;
}
