import { readLogFigures } from '../../crowdsec/log-figures.ts';
import { type Check, ok, skipped, warning } from '../check.ts';

const number = new Intl.NumberFormat('en');
const lines = (count: number) => `${number.format(count)} ${count === 1 ? 'line' : 'lines'}`;
const MOST_NAMED = 3;

/** Where attacks are found at all: in lines that CrowdSec read and understood. */
export const accessLog: Check = {
  id: 'access_log',
  title: 'Access log',
  group: 'configuration',
  run: async ({ cscli }) => {
    const result = await cscli.run(['metrics', '-o', 'json']);
    const figures = result.kind === 'ok' ? readLogFigures(result.stdout) : undefined;
    if (figures === undefined) {
      const why = result.kind === 'ok' ? 'its figures have an unknown form' : `cscli metrics failed, ${result.message}`;
      return skipped(
        `cannot tell whether CrowdSec reads your log: ${why}`,
        'To see it here, set prometheus.enabled: true in CrowdSec’s config.yaml, and let CSCLI run where CrowdSec runs.',
      );
    }
    if (figures.read === 0) {
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
