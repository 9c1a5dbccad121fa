import { hostname, homedir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { parseAdminAddress } from '../caddy/admin-address.ts';
import type { Remediation } from './decisions/remediation.ts';
import type { ConfigProblem, OptionTable, OptionValues } from './shared/config/option.ts';
import {
  duration,
  list,
  listenAddress,
  prefixList,
  secret,
  text,
  token,
  TOKEN_LENGTH,
} from './shared/config/values.ts';
import { redisUrlProblem } from './shared/redis/redis-url.ts';
import { POLICIES } from './shared/domain/policy.ts';
import { LOG_LEVELS } from './shared/runtime/logger.ts';
import { Secret } from './shared/runtime/secret.ts';

const FALLBACKS = ['ban', 'allow'] as const satisfies readonly Remediation[];

/** A word out of a few, with a message that names them. */
function word<const Words extends readonly [string, ...string[]]>(words: Words) {
  return z.enum(words, { error: (issue) => `"${String(issue.input)}" is none of ${words.join(', ')}` });
}

/** A URL that is shown in messages and in the status: it may hold no password. */
const lapiUrl = text.transform((url, context) => {
  const isUrl = /^https?:\/\/[^/]/.test(url) && URL.canParse(url);
  const { username, password, search, hash } = isUrl ? new URL(url) : NO_URL;
  if (username !== '' || password !== '') {
    context.addIssue({
      code: 'custom',
      message: 'takes no user name or password; give the key as CROWDSEC_BOUNCER_KEY',
    });
  } else if (search !== '' || hash !== '' || !(isUrl || /^unix:\/\/\/.+$/.test(url))) {
    const message = `"${url}" is not http://host:port, https://host:port or unix:///path/to.sock`;
    context.addIssue({ code: 'custom', message });
  }
  return url;
});
const NO_URL = { username: '', password: '', search: '', hash: '' };

/** A secret that travels in an HTTP header. */
const headerSecret = secret.refine((value) => /^[\x21-\x7e]+$/.test(value.reveal()), {
  error: 'holds spaces or characters that are not ASCII',
});

/** Kept as a secret, since it may hold a password; nor is it repeated when it is wrong. */
const redisUrl = text
  .superRefine((url, context) => {
    const message = url === 'none' ? undefined : redisUrlProblem(url);
    if (message !== undefined) context.addIssue({ code: 'custom', message });
  })
  .transform((url) => (url === 'none' ? undefined : new Secret(url)));

const banAction = text.refine((action) => action === 'abort' || action === 'error' || /^[45]\d\d$/.test(action), {
  error: (issue) => `"${String(issue.input)}" is not a status from 400 to 599, abort or error`,
});

/** Root's state belongs to the system, everybody else's to their home (XDG base directories). */
function defaultStateDir(): string {
  const isRoot = process.getuid?.() === 0;
  return isRoot ? '/var/lib/caddy-crowdsec-sidecar' : join(homedir(), '.local/state/caddy-crowdsec-sidecar');
}

/** Everything that a user can set. The defaults are documented here and nowhere else. */
export const bouncerOptions = {
  CROWDSEC_LAPI_URL: {
    schema: lapiUrl,
    fallback: 'http://127.0.0.1:8080',
    help: "CrowdSec's Local API; also unix:///path/to.sock",
  },
  CROWDSEC_BOUNCER_KEY: {
    schema: headerSecret.optional(),
    secret: true,
    help: 'made by "cscli bouncers add caddy-sidecar"; of this process alone',
  },
  CROWDSEC_CA_FILE: { schema: text.optional(), help: "PEM file of the authority that signed LAPI's certificate" },
  CROWDSEC_CERT_FILE: { schema: text.optional(), help: 'PEM file of a client certificate, instead of a key' },
  CROWDSEC_KEY_FILE: { schema: text.optional(), help: "PEM file of the client certificate's private key" },
  CROWDSEC_POLL_INTERVAL: {
    schema: duration(100, 3_600_000),
    fallback: '10s',
    help: 'how often changes are pulled, such as 10s',
  },
  CROWDSEC_RESYNC_INTERVAL: {
    schema: duration(1_000, 86_400_000),
    fallback: '10m',
    help: 'how often everything is pulled and compared, such as 10m',
  },
  CROWDSEC_SCOPES: { schema: list, fallback: '', help: 'only these scopes: Ip, Range' },
  CROWDSEC_ORIGINS: { schema: list, fallback: '', help: 'only these origins: crowdsec, cscli, CAPI, lists, …' },
  CROWDSEC_SCENARIOS_CONTAINING: {
    schema: list,
    fallback: '',
    help: 'only scenarios whose name contains one of these',
  },
  CROWDSEC_SCENARIOS_NOT_CONTAINING: {
    schema: list,
    fallback: '',
    help: 'no scenario whose name contains one of these',
  },
  CADDY_ADMIN: {
    schema: list.refine((addresses) => addresses.length > 0, { error: 'names no Caddy' }),
    fallback: 'http://127.0.0.1:2019',
    help: 'admin address of each Caddy, comma-separated: http://127.0.0.1:2019 or unix//run/caddy/admin.sock',
  },
  REDIS_URL: {
    schema: redisUrl,
    secret: true,
    fallback: 'redis://127.0.0.1:6379/0',
    help: 'shared state: redis://, rediss://, redis+sentinel://host:port,host:port/master/0, unix:///path/to.sock; "none" runs without',
  },
  BOUNCER_LISTEN: {
    schema: listenAddress,
    fallback: '127.0.0.1:8090',
    help: 'host:port for health, metrics, refresh and lookup',
  },
  BOUNCER_TOKEN: {
    schema: token.optional(),
    secret: true,
    help: `bearer token for /refresh and /lookup, ${TOKEN_LENGTH} characters or more; needed to listen off loopback`,
  },
  DEFAULT_POLICY: {
    schema: word(POLICIES),
    fallback: 'enforce',
    help: 'enforce, monitor or off, for sites without one of their own',
  },
  BAN_ACTION: {
    schema: banAction,
    fallback: '403',
    help: 'a 4xx or 5xx status, abort (drops the connection) or error (the site’s handle_errors, where safe)',
  },
  BAN_BODY_FILE: { schema: text.optional(), help: 'file with the body of the answer to a banned request' },
  LOG_BLOCKED: {
    schema: word(['keep', 'skip']),
    fallback: 'keep',
    help: 'keep blocked requests in the access log, or skip them',
  },
  FALLBACK_REMEDIATION: {
    schema: word(FALLBACKS),
    fallback: 'ban',
    help: 'ban or allow, for decision types that Caddy cannot do (captcha, …)',
  },
  ALLOWLIST: { schema: prefixList, fallback: '', help: 'addresses and ranges that are never blocked' },
  PUSH_INTERVAL: { schema: duration(0, 3_600_000), fallback: '5s', help: 'at most one Caddy reload per interval' },
  LANE_DIR: { schema: text.optional(), help: 'folder shared with Caddy, for bans without a reload; best on tmpfs' },
  LANE_DIR_CADDY: { schema: text.optional(), help: 'the same folder as Caddy sees it, if that differs' },
  CADDY_PROBE_URL: {
    schema: list,
    fallback: '',
    help: "where each Caddy serves HTTP, to prove that it sees LANE_DIR: http://127.0.0.1:80, in CADDY_ADMIN's order",
  },
  STATE_DIR: { schema: text, fallback: defaultStateDir(), help: 'folder for the last settings and the snapshot' },
  BOUNCER_ID: {
    schema: text.regex(/^[\w.-]{1,64}$/, 'only letters, digits, ".", "_" and "-"'),
    fallback: hostname(),
    help: 'unique in a fleet',
  },
  DRIFT_INTERVAL: {
    schema: duration(100, 3_600_000),
    fallback: '1s',
    help: 'how often each Caddy is checked for our rules',
  },
  LOG_LEVEL: { schema: word(LOG_LEVELS), fallback: 'info', help: LOG_LEVELS.join(', ') },
} satisfies OptionTable;

export type BouncerConfig = OptionValues<typeof bouncerOptions>;

/** What no single setting can tell; every problem at once. */
export function crossCheck(config: BouncerConfig, { asksLapi }: { readonly asksLapi: boolean }): ConfigProblem[] {
  const keyProblems = asksLapi ? missingKey(config) : [];
  return [
    ...lapiProblems(config),
    ...keyProblems,
    ...listenProblems(config),
    ...banProblems(config),
    ...caddyProblems(config),
  ];
}

function lapiProblems(config: BouncerConfig): ConfigProblem[] {
  const { CROWDSEC_CERT_FILE: certificate, CROWDSEC_KEY_FILE: key } = config;
  const problems: ConfigProblem[] = config.CROWDSEC_SCOPES.filter((scope) => !/^(ip|range)$/i.test(scope)).map(
    (scope) => ({
      setting: 'CROWDSEC_SCOPES',
      message: `"${scope}" is none that Caddy can enforce`,
      hint: 'use Ip, Range or both',
    }),
  );
  if ((certificate === undefined) !== (key === undefined)) {
    const message = 'a client certificate needs both CROWDSEC_CERT_FILE and CROWDSEC_KEY_FILE';
    problems.push({ setting: 'CROWDSEC_CERT_FILE', message, hint: 'set both, or none' });
  }
  return problems;
}

function missingKey({ CROWDSEC_BOUNCER_KEY: key, CROWDSEC_CERT_FILE: certificate }: BouncerConfig): ConfigProblem[] {
  if (key !== undefined || certificate !== undefined) return [];
  const hint =
    'run "cscli bouncers add caddy-sidecar" and give what it prints, or set CROWDSEC_CERT_FILE and CROWDSEC_KEY_FILE';
  return [{ setting: 'CROWDSEC_BOUNCER_KEY', message: 'is required and was not given', hint }];
}

function listenProblems({ BOUNCER_LISTEN: listen, BOUNCER_TOKEN: token }: BouncerConfig): ConfigProblem[] {
  if (listen.isLoopback || token !== undefined) return [];
  const message = `${listen.host} can be reached from other machines, and BOUNCER_TOKEN is not set`;
  return [
    { setting: 'BOUNCER_LISTEN', message, hint: 'set BOUNCER_TOKEN (or BOUNCER_TOKEN_FILE), or listen on 127.0.0.1' },
  ];
}

function banProblems({ BAN_ACTION: action, BAN_BODY_FILE: body }: BouncerConfig): ConfigProblem[] {
  if (body === undefined || /^\d+$/.test(action)) return [];
  const hint = 'set BAN_ACTION to a status such as 403, or leave BAN_BODY_FILE out';
  return [{ setting: 'BAN_BODY_FILE', message: `has no use with BAN_ACTION ${action}`, hint }];
}

function caddyProblems({
  CADDY_ADMIN: admins,
  CADDY_PROBE_URL: probes,
  LANE_DIR: lane,
}: BouncerConfig): ConfigProblem[] {
  const problems: ConfigProblem[] = [];
  for (const address of admins) {
    const parsed = parseAdminAddress(address);
    if (parsed.kind === 'address') continue;
    problems.push({
      setting: 'CADDY_ADMIN',
      message: parsed.message,
      hint: 'it is the `admin` address of the Caddyfile',
    });
  }
  for (const url of probes) {
    if (/^https?:\/\/[^/]+\/?$/.test(url)) continue;
    const hint = 'give the address of a site that this Caddy serves, without a path';
    problems.push({
      setting: 'CADDY_PROBE_URL',
      message: `"${url}" is not http://host:port or https://host:port`,
      hint,
    });
  }
  if (lane !== undefined && probes.length !== admins.length) {
    const message = `names ${probes.length} addresses for ${admins.length} Caddys`;
    const hint = 'LANE_DIR needs one for each address in CADDY_ADMIN, in the same order';
    problems.push({ setting: 'CADDY_PROBE_URL', message, hint });
  }
  return problems;
}
