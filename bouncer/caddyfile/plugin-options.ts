/** What the plugin's `crowdsec { … }` in the global options becomes here, option by option. */
import { parseDuration } from '../shared/domain/duration.ts';
import { readWritten } from './placeholder.ts';

/** What becomes of one line. */
export interface Becomes {
  /** Of ours, ready to be written into an environment file; a secret's value is never among them. */
  readonly settings?: Readonly<Record<string, string>>;
  /** For a person: what changes, or why there is no such setting. */
  readonly says: string;
  /** The plugin would not take it either, or it must be changed before anything works. */
  readonly isProblem?: true;
}

type Translate = (value: string) => Becomes;

const KEY_OF_ITS_OWN = 'while both run, give the sidecar a key of its own: cscli bouncers add caddy-sidecar';
const NO_APPSEC: Becomes = {
  says: 'has no counterpart: AppSec looks into requests, and a stock Caddy cannot ask it. Keep the plugin for it, or give it up',
};
const NOTHING_TO_SET = (why: string): Becomes => ({ says: `nothing to set: ${why}` });

/** As the plugin's own parser names them. */
const OPTIONS: Readonly<Record<string, Translate>> = {
  api_url: (value) => {
    const written = readWritten(value);
    if (written.kind !== 'text') return elsewhere('CROWDSEC_LAPI_URL', written);
    if (!/^https?:\/\/[^/@]+(\/.*)?$/.test(written.text) || !URL.canParse(written.text))
      return { says: 'is no address such as http://127.0.0.1:8080', isProblem: true };
    const url = written.text.replace(/\/$/, '');
    return { settings: { CROWDSEC_LAPI_URL: url }, says: 'the same LAPI' };
  },
  api_key: (value) => {
    const written = readWritten(value);
    if (written.kind === 'file')
      return { settings: { CROWDSEC_BOUNCER_KEY_FILE: written.path }, says: `the same file; ${KEY_OF_ITS_OWN}` };
    const from = written.kind === 'variable' ? `the value of ${written.name}` : 'this key';
    return {
      says: `CROWDSEC_BOUNCER_KEY takes ${from}, CROWDSEC_BOUNCER_KEY_FILE a file that holds it; ${KEY_OF_ITS_OWN}`,
    };
  },
  ticker_interval: (value) => {
    const written = readWritten(value);
    if (written.kind !== 'text') return elsewhere('CROWDSEC_POLL_INTERVAL', written);
    const milliseconds = parseDuration(written.text);
    if (milliseconds === undefined || milliseconds < 100 || milliseconds > 3_600_000)
      return { says: 'is no duration between 100ms and 1h, such as 15s', isProblem: true };
    return {
      settings: { CROWDSEC_POLL_INTERVAL: written.text },
      says: 'the same pace; 10s when left out, and bans that LAPI pushes need not wait for it',
    };
  },
  disable_streaming: () =>
    NOTHING_TO_SET(
      'decisions are always streamed. A new one counts after the next poll, or at once when LAPI pushes it',
    ),
  enable_hard_fails: () =>
    NOTHING_TO_SET('the sidecar never stops Caddy. When LAPI is gone the last decisions stay, and /readyz says so'),
  metrics_interval: () => NOTHING_TO_SET('no usage metrics are sent to LAPI; Prometheus reads /metrics of the bouncer'),
  enable_caddy_metrics: () => NOTHING_TO_SET('Prometheus reads /metrics of the bouncer, on BOUNCER_LISTEN'),
  lapi_timeout: () => NOTHING_TO_SET('the time limits are fixed, and no request of a visitor waits for LAPI'),
  enable_caddy_error: () => ({
    settings: { BAN_ACTION: 'error' },
    says: 'your handle_errors answers a ban, where it cannot undo it; 403 without a body when left out',
  }),
  appsec_url: () => NO_APPSEC,
  appsec_max_body_bytes: () => NO_APPSEC,
  appsec_timeout: () => NO_APPSEC,
  appsec_fail_open: () => NO_APPSEC,
};

/** The plugin refuses these without a value; the others are switches. */
const VALUED = new Set(['api_url', 'api_key', 'ticker_interval']);

export const PLUGIN_OPTIONS: ReadonlySet<string> = new Set(Object.keys(OPTIONS));

/** @returns undefined for what is no option of the plugin. */
export function translateOption(name: string, value: string): Becomes | undefined {
  if (!Object.hasOwn(OPTIONS, name)) return undefined;
  if (value === '' && VALUED.has(name)) return { says: 'needs a value', isProblem: true };
  return OPTIONS[name]?.(value);
}

function elsewhere(setting: string, written: Exclude<ReturnType<typeof readWritten>, { kind: 'text' }>): Becomes {
  if (written.kind === 'variable') return { says: `${setting} takes the value of ${written.name}` };
  if (written.kind === 'file') return { says: `${setting} takes the text of ${written.path}` };
  return { says: `${setting} takes it, with the placeholders replaced by hand` };
}
