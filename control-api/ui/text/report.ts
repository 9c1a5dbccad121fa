import type { Status } from '../api/wire.ts';
import type { Link } from './chain.ts';
import { fleetInWords } from './fleet.ts';
import { plain } from './plain.ts';

/** For an issue or a chat. The API never tells a secret; what looks like one in somebody's words is taken out all the same. */
export function report(chain: readonly Link[], status: Status | undefined, at: Date): string {
  const lines = chain.map(
    ({ title, status: state, message, hint }) =>
      `[${state}] ${title}: ${plain(message)}${hint === undefined ? '' : `\n    → ${plain(hint)}`}`,
  );
  return withoutSecrets(
    [`caddy-crowdsec-sidecar, ${at.toISOString()}`, ...(status === undefined ? [] : facts(status)), '', ...lines].join(
      '\n',
    ),
  );
}

function facts({ enabled, policy, engine, bouncer }: Status): string[] {
  const { total, local, community, lists } = bouncer.decisions;
  const fleet = fleetInWords(bouncer);
  return [
    `protection ${enabled ? 'on' : 'off'}, policy ${policy}, bouncer ${bouncer.state}`,
    ...(fleet === undefined ? [] : [`bouncers ${bouncer.ids.length}: ${plain(fleet)}`]),
    `decisions ${total}: ${local} local, ${community} community, ${lists} lists`,
    `engine ${engine.mode} ${engine.state}${engine.version === undefined ? '' : ` ${engine.version}`}`,
    ...bouncer.caddies.map(({ admin, state, version }) => `caddy ${admin} ${version ?? ''} ${state}`),
  ];
}

/** User and password of a URL, and anything long enough to be a key. */
export function withoutSecrets(text: string): string {
  return text
    .replace(/(\b[a-z][a-z0-9+.-]*:\/\/)[^\s/@]+@/gi, '$1***@')
    .replace(/\b(?=[\w-]*\d)(?=[\w-]*[A-Za-z])[\w-]{32,}\b/g, '***');
}
