import { z } from 'zod';
import * as values from '../bouncer/shared/config/values.ts';
import type { OptionTable } from '../bouncer/shared/config/option.ts';
import { LOG_LEVELS } from '../bouncer/shared/runtime/logger.ts';
import { Secret } from '../bouncer/shared/runtime/secret.ts';
import { redisUrlProblem } from '../bouncer/shared/redis/redis-url.ts';

/** A URL of one of `schemes`, kept as its text; `unix://` paths too where `schemes` has it. */
function url(...schemes: string[]) {
  return z.string().transform((value, context) => {
    const scheme = /^([a-z]+):\/\/./i.exec(value)?.[1]?.toLowerCase();
    if (scheme !== undefined && schemes.includes(scheme) && (scheme === 'unix' || URL.canParse(value))) return value;
    context.addIssue({ code: 'custom', message: `this is not a URL that starts with ${schemes.join(':// or ')}://` });
    return z.NEVER;
  });
}

const redisUrl = z.string().superRefine((value, context) => {
  const message = redisUrlProblem(value);
  if (message !== undefined) context.addIssue({ code: 'custom', message });
});

const publicUrls = values.list.transform((texts, context) =>
  texts.map((text) => {
    if (/^https?:\/\//i.test(text) && URL.canParse(text)) return new URL(text);
    context.addIssue({ code: 'custom', message: `"${text}" is not a URL such as https://crowdsec.example.com` });
    return z.NEVER;
  }),
);

const crowdsecPid = z.string().transform((value, context): 'auto' | number => {
  if (value === 'auto') return 'auto';
  if (/^[1-9]\d{0,9}$/.test(value)) return Number(value);
  context.addIssue({ code: 'custom', message: `"${value}" is neither auto nor a process id` });
  return z.NEVER;
});

/** As root the daemon's own folder, else one of the user's. */
function defaultStateDir(): string {
  const home = process.env['HOME'] ?? '';
  return process.getuid?.() === 0 || home === ''
    ? '/var/lib/caddy-crowdsec-sidecar'
    : `${home}/.local/state/caddy-crowdsec-sidecar`;
}

/** Every setting of the control API; names are contracts. */
export const OPTIONS = {
  CONTROL_API_LISTEN: {
    schema: values.listenAddress,
    fallback: '127.0.0.1:8080',
    help: 'where to listen, host:port; off loopback only with CONTROL_API_TOKEN',
  },
  CONTROL_API_TOKEN: {
    schema: values.token.optional(),
    secret: true,
    help: `bearer token for scripts and for the page's sign-in, ${values.TOKEN_LENGTH} characters or more`,
  },
  CONTROL_API_PUBLIC_URL: {
    schema: publicUrls,
    fallback: '',
    help: 'URLs, comma-separated, under which browsers reach this API besides loopback',
  },
  REDIS_URL: {
    schema: redisUrl.transform((value) => new Secret(value)),
    secret: true,
    fallback: 'redis://127.0.0.1:6379/0',
    help: 'the Redis shared with the bouncer, redis://, rediss:// or redis+sentinel://',
  },
  CADDY_ADMIN: {
    schema: values.list,
    fallback: 'http://127.0.0.1:2019',
    help: "Caddy's admin address, one or more, comma-separated; asked only whether it answers",
  },
  CROWDSEC_LAPI_URL: {
    schema: url('http', 'https', 'unix'),
    fallback: 'http://127.0.0.1:8080',
    help: "CrowdSec's Local API: http://, https:// or unix:///path/to.sock",
  },
  CROWDSEC_CA_FILE: { schema: z.string().optional(), help: 'certificate authority of an https LAPI, PEM' },
  CROWDSEC_CERT_FILE: { schema: z.string().optional(), help: 'client certificate for LAPI, PEM' },
  CROWDSEC_KEY_FILE: { schema: z.string().optional(), help: 'key of the client certificate, PEM' },
  CROWDSEC_BOUNCER_KEY: {
    schema: values.secret.optional(),
    secret: true,
    help: "the bouncer's key, only for diagnostics to check it",
  },
  CROWDSEC_MACHINE_CREDENTIALS: {
    schema: z.string().optional(),
    help: 'file with the login and password of a machine; default <CROWDSEC_CONFIG_DIR>/local_api_credentials.yaml',
  },
  CROWDSEC_MACHINE_ID: { schema: z.string().optional(), help: 'login of a machine, instead of the credentials file' },
  CROWDSEC_MACHINE_PASSWORD: {
    schema: values.secret.optional(),
    secret: true,
    help: 'password of CROWDSEC_MACHINE_ID',
  },
  CROWDSEC_CONFIG_DIR: { schema: z.string(), fallback: '/etc/crowdsec', help: "CrowdSec's configuration folder" },
  CROWDSEC_DATA_DIR: { schema: z.string(), fallback: '/var/lib/crowdsec/data', help: "CrowdSec's data folder" },
  CROWDSEC_METRICS_URL: {
    schema: url('http', 'https').optional(),
    help: 'where cscli finds what CrowdSec counts, http://crowdsec:6060/metrics, when CrowdSec runs on another machine or in another container; unset: where its config.yaml says',
  },
  CSCLI: {
    schema: z.string().min(1),
    fallback: 'cscli',
    help: 'how to run cscli: a command line, run without a shell; one word gets "-c <CROWDSEC_CONFIG_DIR>/config.yaml"',
  },
  CROWDSEC_ENGINE: {
    schema: z.enum(['external', 'managed'], 'expected external or managed'),
    fallback: 'external',
    help: 'managed: CrowdSec is started, supervised and stopped here',
  },
  CROWDSEC_BIN: {
    schema: z.string().min(1),
    fallback: 'crowdsec',
    help: 'how to run CrowdSec when it is managed: a command line, run without a shell',
  },
  CROWDSEC_PID: {
    schema: crowdsecPid.optional(),
    help: 'auto (the CrowdSec of CROWDSEC_CONFIG_DIR in this PID namespace) or a process id: told to reload, by SIGHUP, after changes of the Hub; unset: the answer says what to run',
  },
  HEARTBEAT_INTERVAL: {
    schema: values.duration(60_000, 86_400_000),
    fallback: '15m',
    help: 'how often the Central API is contacted, with jitter',
  },
  BOUNCER_URL: {
    schema: url('http', 'https'),
    fallback: 'http://127.0.0.1:8090',
    help: "the bouncer's own HTTP address",
  },
  BOUNCER_TOKEN: { schema: values.token.optional(), secret: true, help: "the bouncer's token" },
  STATE_DIR: { schema: z.string().min(1), fallback: defaultStateDir(), help: 'where this program keeps its token' },
  HTTP_PROXY: { schema: z.string().optional(), help: 'proxy for http:// calls to the internet' },
  HTTPS_PROXY: { schema: z.string().optional(), help: 'proxy for https:// calls to the internet' },
  NO_PROXY: { schema: z.string().optional(), help: 'hosts that are called without a proxy' },
  LOG_LEVEL: { schema: z.enum(LOG_LEVELS), fallback: 'info', help: LOG_LEVELS.join(', ') },
} as const satisfies OptionTable;
