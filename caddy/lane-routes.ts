/**
 * The lane inside Caddy: its `file` matcher asks the file system at each request, so a file named by a client's address
 * is a rule that comes and goes without a reload. Nothing that a client sends reaches the path but the address that
 * Caddy itself resolved.
 */
import type { LaneRoutes } from '../bouncer/shared/domain/ruleset.ts';
import type { MatcherSet, Route } from './config-types.ts';
import { laneId } from './managed-id.ts';

/** Matches clients with an entry on this side of the lane. */
export function laneMatcher({ root }: LaneRoutes, side: 'ban' | 'allow', client: string): MatcherSet {
  return { file: { root: `${root}/${side}`, try_files: [client] } };
}

/** Where the proof is asked for; nobody outside knows it. */
export function proofPath(secret: string): string {
  return `/.crowdsec-lane/${secret}`;
}

/**
 * On a secret path: 204 if Caddy sees the file of that name, else 404. Always answered here, for it is asked every
 * second: no upstream should be bothered by it, and a slow one must not decide whether the lane is proven.
 */
export function proofRoute({ root, secret }: LaneRoutes, key: string): Route {
  return {
    '@id': laneId(key),
    match: [{ path: [proofPath(secret)] }],
    handle: [
      { handler: 'vars', log_skip: true, skip_log: true }, // nobody wants to read it every second
      {
        handler: 'subroute',
        routes: [
          {
            match: [{ file: { root: `${root}/proof`, try_files: [secret] } }],
            handle: [{ handler: 'static_response', status_code: 204 }],
          },
          { handle: [{ handler: 'static_response', status_code: 404 }] },
        ],
      },
    ],
  };
}
