/** Why a pull failed; each is counted under its reason. */
export interface PullFailure {
  readonly kind: 'failed';
  readonly reason:
    | 'unreachable'
    | 'timeout'
    | 'tls'
    | 'unauthorized'
    | 'wrong_url'
    | 'busy'
    | 'server_error'
    | 'not_json'
    | 'too_large'
    | 'local'
    | 'stopped';
  /** What went wrong, and where. */
  readonly message: string;
  /** What to do about it. */
  readonly hint: string;
  /** LAPI, or what stands before it, does not want to be asked again sooner. */
  readonly retryAfterMs?: number;
}

/** Whatever a proxy's limit says, decisions are asked for once a minute. */
const LONGEST_RETRY_AFTER_MS = 60_000;

/** @param retryAfter the header of that name: seconds or a date (RFC 9110 §10.2.3). */
export function explainStatus(status: number, body: string, url: string, retryAfter?: string): PullFailure {
  const explained = explain(status, body, url);
  const wait = retryAfter === undefined ? undefined : waitOf(retryAfter.trim());
  return wait === undefined ? explained : { ...explained, retryAfterMs: wait };
}

function waitOf(retryAfter: string): number | undefined {
  const ms = /^\d+$/.test(retryAfter) ? Number(retryAfter) * 1_000 : Date.parse(retryAfter) - Date.now();
  return Number.isNaN(ms) ? undefined : Math.min(LONGEST_RETRY_AFTER_MS, Math.max(0, ms));
}

function explain(status: number, body: string, url: string): PullFailure {
  const said = body.trim() === '' ? '' : `: ${body.trim().slice(0, 200)}`;
  if (status === 401 || status === 403) {
    return failure('unauthorized', `LAPI at ${url} refuses the bouncer's key (HTTP ${status})${said}`, KEY_HINT);
  }
  if (status === 429) {
    return failure('busy', `LAPI at ${url} is asked too often (HTTP 429)${said}`, BUSY_HINT);
  }
  if (status >= 500) {
    return failure(
      'server_error',
      `LAPI at ${url} answers HTTP ${status}${said}`,
      "look at CrowdSec's own log; the last decisions stay enforced",
    );
  }
  return failure('wrong_url', `${url} answers HTTP ${status} where LAPI would answer 200${said}`, URL_HINT);
}

const KEY_HINT = 'make a key with "cscli bouncers add caddy-sidecar" and give it as CROWDSEC_BOUNCER_KEY (or _FILE)';
const BUSY_HINT =
  'raise CROWDSEC_POLL_INTERVAL, or the limit of the proxy before LAPI; the last decisions stay enforced';
const URL_HINT = 'check CROWDSEC_LAPI_URL: it is the address in api.server.listen_uri of CrowdSec, without a path';

const UNREACHABLE = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ENOENT',
  'EACCES',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'EPIPE',
  'UND_ERR_SOCKET',
  'UND_ERR_RES_CONTENT_LENGTH_MISMATCH',
]);
/** This process, or this machine, has no more of something. */
const EXHAUSTED = new Set(['EMFILE', 'ENFILE', 'ENOBUFS', 'ENOMEM', 'EADDRNOTAVAIL', 'EAGAIN']);
const SLOW = new Set(['UND_ERR_CONNECT_TIMEOUT', 'UND_ERR_HEADERS_TIMEOUT', 'UND_ERR_BODY_TIMEOUT', 'ETIMEDOUT']);

export function explainError(error: unknown, url: string): PullFailure {
  const { name, message, code } = asError(error);
  if (name === 'AbortError') return failure('stopped', 'the pull was stopped', 'nothing to do');
  if (name === 'TimeoutError' || SLOW.has(code)) {
    return failure(
      'timeout',
      `LAPI at ${url} did not answer in time (${message})`,
      'is CrowdSec overloaded, or a firewall between?',
    );
  }
  if (error instanceof RangeError)
    return failure('too_large', `${url}: ${message}`, 'look at what fills LAPI with decisions');
  if (EXHAUSTED.has(code)) {
    return failure(
      'local',
      `no connection to LAPI at ${url} can be opened here (${message})`,
      'raise the limit of open files of the bouncer (LimitNOFILE=, ulimit -n), or look at what fills this machine',
    );
  }
  if (UNREACHABLE.has(code) || isCutShort(name, message)) {
    return failure(
      'unreachable',
      `LAPI at ${url} cannot be reached (${message})`,
      'is CrowdSec running (it needs up to 60 s to start), and CROWDSEC_LAPI_URL right?',
    );
  }
  if (/CERT|TLS|SSL|ISSUER|SIGNATURE|EPROTO/.test(code)) {
    return failure(
      'tls',
      `the TLS connection to LAPI at ${url} failed (${message})`,
      'check CROWDSEC_CA_FILE and the name in the certificate; a LAPI that wants one of ours needs CROWDSEC_CERT_FILE',
    );
  }
  return failure('not_json', `${url} does not answer as LAPI does: ${message.slice(0, 200)}`, URL_HINT);
}

/** A reply that ends in the middle, in the words of undici's parser. */
function isCutShort(name: string, message: string): boolean {
  return name === 'HTTPParserError' && message.includes('EOF');
}

function failure(reason: PullFailure['reason'], message: string, hint: string): PullFailure {
  return { kind: 'failed', reason, message, hint };
}

/** An error's own code, or that of its cause: undici and AggregateError (several addresses tried) wrap theirs. */
function asError(error: unknown): { name: string; message: string; code: string } {
  if (!(error instanceof Error)) return { name: 'Error', message: String(error), code: '' };
  const inner = error instanceof AggregateError ? (error.errors[0] as unknown) : error.cause;
  const code = (error as { code?: unknown }).code ?? (inner as { code?: unknown } | undefined)?.code;
  const message = error.message === '' && inner instanceof Error ? inner.message : error.message;
  return { name: error.name, message, code: typeof code === 'string' ? code : '' };
}
