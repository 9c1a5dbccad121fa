import { readLogFigures } from '../../crowdsec/log-figures.ts';
import { whyNoFigures } from './why-no-figures.ts';
import { type Check, ok, skipped, warning } from '../check.ts';

const number = new Intl.NumberFormat('en');
const lines = (count: number) => `${number.format(count)} ${count === 1 ? 'line' : 'lines'}`;
const MOST_NAMED = 3;
const UNREACHED = /\bfetch(?:ing)? (?:prometheus )?metrics\b/;
const CANNOT_TELL = 'cannot tell whether CrowdSec reads your log';

/** Where attacks are found at all: in lines that CrowdSec read and understood. */
export const accessLog: Check = {
  id: 'access_log',
  title: 'Access log',
  group: 'configuration',
  run: async ({ cscli, config }) => {
    const { CROWDSEC_METRICS_URL: url } = config;
    const result = await cscli.run(['metrics', '-o', 'json', ...(url === undefined ? [] : ['--url', url])]);
    const unknown = async (said: string) => {
      const { why, hint } = await whyNoFigures(cscli, url, said);
      return skipped(`${CANNOT_TELL}: ${why}`, hint);
    };
    if (result.kind === 'refused') return unknown(result.message);
    if (result.kind !== 'ok') return skipped(`${CANNOT_TELL}: ${result.message}`, result.hint);
    const figures = readLogFigures(result.stdout);
    if (figures === undefined) {
      return skipped(
        `${CANNOT_TELL}: its figures have an unknown form`,
        'Look yourself, with "cscli metrics", and please report the version that "cscli version" shows.',
      );
    }
    if (figures.read === 0) {
      // Later ones than 1.4.6 print empty figures, and end well, when they reach none.
      const unreached = result.messages.find(({ text }) => UNREACHED.test(text));
      if (unreached !== undefined) return unknown(unreached.text);
      return warning(
        'this CrowdSec has read no line of any log since it started',
        'Switch "log" on in the Caddyfile, name its file in acquis.yaml (labels: type: caddy), and let CrowdSec read it; fine if another machine reads the logs.',
      );
    }
    const named = figures.sources.slice(0, MOST_NAMED).join(', ');
    if (figures.understood === 0) {
      return warning(
        `CrowdSec read ${lines(figures.read)} of ${named} and understood none`,
        'cscli collections install crowdsecurity/caddy, and in acquis.yaml: labels: type: caddy; Caddy’s log has to be JSON.',
      );
    }
    const more = figures.sources.length > MOST_NAMED ? ` and ${figures.sources.length - MOST_NAMED} more` : '';
    return ok(
      `CrowdSec read ${lines(figures.read)} and understood ${number.format(figures.understood)}, of ${named}${more}`,
    );
  },
};
