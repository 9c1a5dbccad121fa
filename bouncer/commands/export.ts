import type { ConfigInput } from '../load-config.ts';
import type { BanSet } from '../shared/domain/ruleset.ts';
import { askDaemon, problemText } from './daemon-client.ts';
import { EXIT_FAILED, print, printError, withConfig } from './output.ts';

export const EXPORT_FORMATS = ['plain', 'caddy-json', 'caddyfile'] as const;
export type ExportFormat = (typeof EXPORT_FORMATS)[number];

/** The enforced set, from the daemon that enforces it. */
export function exportBans(input: ConfigInput, format: ExportFormat): Promise<number> {
  return withConfig(input, async (config) => {
    const reply = await askDaemon(config, '/export');
    if (reply.kind === 'gone' || reply.status !== 200) {
      printError(reply.kind === 'gone' ? reply.message : problemText(reply.body));
      return EXIT_FAILED;
    }
    print(
      format === 'plain'
        ? plain(reply.body as BanSet)
        : format === 'caddyfile'
          ? caddyfile(reply.body as BanSet)
          : caddyJson(reply.body as BanSet),
    );
    return 0;
  });
}

/** One prefix a line; what is excepted from a banned range begins with "!". */
function plain({ addresses, ranges, exceptions }: BanSet): string {
  return [...addresses, ...ranges, ...exceptions.map((prefix) => `!${prefix}`)].join('\n');
}

/** A named matcher to paste into a site; linear, so for small sets. */
function caddyfile({ addresses, ranges, exceptions }: BanSet): string {
  const banned = [...addresses, ...ranges];
  if (banned.length === 0) return '# nobody is banned';
  const but = exceptions.length === 0 ? '' : `\tnot client_ip ${exceptions.join(' ')}\n`;
  return `@banned {\n\tclient_ip ${banned.join(' ')}\n${but}}\nerror @banned 403`;
}

/** A matcher set of Caddy's JSON. */
function caddyJson({ addresses, ranges, exceptions }: BanSet): string {
  const but = exceptions.length === 0 ? {} : { not: [{ client_ip: { ranges: exceptions } }] };
  return JSON.stringify({ client_ip: { ranges: [...addresses, ...ranges] }, ...but });
}
