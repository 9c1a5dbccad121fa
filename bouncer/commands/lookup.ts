import type { ConfigInput } from '../load-config.ts';
import type { LookupAnswer } from '../lookup.ts';
import { parseAddress } from '../shared/net/prefix.ts';
import { askDaemon, problemText } from './daemon-client.ts';
import { EXIT_FAILED, EXIT_USAGE, print, printError, withConfig } from './output.ts';

/** Why an address is blocked, or not, from the daemon that enforces it. */
export function lookup(input: ConfigInput, ip: string, asJson: boolean): Promise<number> {
  const address = parseAddress(ip);
  if (address === undefined) {
    printError(`"${ip}" is not an IP address; write one such as 203.0.113.9 or 2001:db8::1`);
    return Promise.resolve(EXIT_USAGE);
  }
  return withConfig(input, async (config) => {
    const reply = await askDaemon(config, `/lookup?ip=${encodeURIComponent(address)}`);
    if (reply.kind === 'gone' || reply.status !== 200) {
      printError(reply.kind === 'gone' ? reply.message : problemText(reply.body));
      return EXIT_FAILED;
    }
    if (asJson) print(JSON.stringify(reply.body, undefined, 2));
    else print(describe(reply.body as LookupAnswer));
    return 0;
  });
}

function describe({ because, decisions, caddies }: LookupAnswer): string {
  return [
    because,
    ...decisions.map(
      ({ id, type, value, origin, scenario, remaining }) =>
        `  decision ${id}: ${type} ${value}, ${origin}, "${scenario}", ${remaining} left`,
    ),
    ...caddies.map(
      ({ admin, enforced }) =>
        `  Caddy at ${admin}: ${enforced === 'pending' ? 'not confirmed yet' : enforced === 'yes' ? 'blocks it' : 'lets it pass'}`,
    ),
  ].join('\n');
}
