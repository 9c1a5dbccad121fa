import type { Cscli } from '../../crowdsec/cscli.ts';

interface NoFigures {
  readonly why: string;
  readonly hint: string;
}

const SWITCH_ON =
  'In CrowdSec’s config.yaml set prometheus: {enabled: true, level: full, listen_addr: 127.0.0.1, listen_port: 6060}, and restart CrowdSec.';

const WHERE =
  'Restart CrowdSec if prometheus was switched on while it ran. listen_addr and listen_port of prometheus in its config.yaml must be free, and reachable from where cscli runs; on another machine or in another container, set CROWDSEC_METRICS_URL to where they are, such as http://crowdsec:6060/metrics.';

const ELSEWHERE =
  'Set CROWDSEC_METRICS_URL to where CrowdSec’s metrics are reached from here; in its config.yaml, prometheus has to be enabled and to listen there, not only on 127.0.0.1.';

/**
 * Why CrowdSec's figures cannot be had. `cscli metrics` of 1.4.6 does not say it: it ends in silence where prometheus
 * is off, and crashes where the configuration has no such section.
 *
 * @param asked where cscli was sent for them, unless it was left to find them.
 * @param said what cscli printed.
 */
export async function whyNoFigures(cscli: Cscli, asked: string | undefined, said: string): Promise<NoFigures> {
  if (asked !== undefined) return { why: `its figures cannot be read at ${asked}: ${said}`, hint: ELSEWHERE };
  const configured = await prometheusOf(cscli);
  switch (configured?.state) {
    case 'missing':
      return { why: 'CrowdSec counts nothing, its config.yaml has no section "prometheus"', hint: SWITCH_ON };
    case 'off':
      return { why: 'CrowdSec counts nothing, prometheus.enabled is false in its config.yaml', hint: SWITCH_ON };
    case 'on': {
      const { where } = configured;
      if (where === undefined) {
        return { why: 'prometheus in CrowdSec’s config.yaml lacks listen_addr and listen_port', hint: SWITCH_ON };
      }
      return { why: `its figures cannot be read at ${where}: ${said}`, hint: WHERE };
    }
    case undefined:
      return {
        why: `cscli metrics failed, ${said}`,
        hint: `See to prometheus first: ${SWITCH_ON.charAt(0).toLowerCase()}${SWITCH_ON.slice(1)}`,
      };
  }
}

type Prometheus =
  { readonly state: 'missing' | 'off' } | { readonly state: 'on'; readonly where: string | undefined } | undefined;

/**
 * As cscli reads CrowdSec's configuration, in Go's words: `&{true full 127.0.0.1 6060}`, or `<nil>`; of 1.7
 * `&csconfig.PrometheusCfg{`, then a line for each member, `  ListenPort: 6060,`.
 */
async function prometheusOf(cscli: Cscli): Promise<Prometheus> {
  const shown = await cscli.run(['config', 'show', '--key', 'Config.Prometheus']);
  if (shown.kind !== 'ok') return undefined;
  const text = shown.stdout.trim();
  if (text === '<nil>') return { state: 'missing' };
  const [, inBraces = ''] = /^&?[\w.]*\{(.*)\}$/s.exec(text) ?? [];
  const values = inBraces.replaceAll(/^\s*\w+: |,$|"/gm, '').trim();
  const [, enabled, rest = ''] = /^(true|false)\b(.*)$/s.exec(values) ?? [];
  if (enabled === undefined) return undefined;
  if (enabled === 'false') return { state: 'off' };
  const [, address, port] = /(\S+)\s(\d+)$/.exec(rest) ?? [];
  return { state: 'on', where: address === undefined || port === '0' ? undefined : `${address}:${port}` };
}
