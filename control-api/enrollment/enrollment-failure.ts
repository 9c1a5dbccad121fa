import type { CscliFailure } from '../crowdsec/cscli.ts';

export const ENROLLMENT_FAILURES = [
  'token_expired',
  'unauthorized',
  'invalid_enrollment_key',
  'already_enrolled',
  'capi_unreachable',
  'capi_not_registered',
  'lapi_unavailable',
  'rate_limited',
  'timeout',
  'interrupted',
  'cscli_unavailable',
  'unknown',
] as const;

export type EnrollmentFailureReason = (typeof ENROLLMENT_FAILURES)[number];

export interface EnrollmentFailure {
  readonly reason: EnrollmentFailureReason;
  /** One sentence for people, beginning with the words that the documentation uses for it. */
  readonly message: string;
  readonly nextStep: string;
  /** Whether trying the same again can help. */
  readonly retryHelps: boolean;
}

const FRESH_KEY =
  'Log in to app.crowdsec.net, go to Instances → Add Instance, generate a new enrollment key, and paste it here.';

const FAILURES: Readonly<Record<EnrollmentFailureReason, Omit<EnrollmentFailure, 'reason'>>> = {
  token_expired: { message: 'token expired: the enrollment key is too old', nextStep: FRESH_KEY, retryHelps: false },
  unauthorized: {
    message: 'unauthorized: the Central API refused this engine',
    nextStep: `Wait an hour if it was contacted very often; else make a new account (cscli capi register). ${FRESH_KEY}`,
    retryHelps: false,
  },
  invalid_enrollment_key: {
    message: 'invalid enrollment key: the Console does not know it, or it has expired',
    nextStep: FRESH_KEY,
    retryHelps: false,
  },
  already_enrolled: {
    message: 'instance already enrolled: an earlier enrollment succeeded',
    nextStep:
      'If the Console lists this engine under Instances, force a heartbeat to sync; to move it to another account, enroll with "overwrite".',
    retryHelps: false,
  },
  capi_unreachable: {
    message: 'the Central API could not be reached',
    nextStep: 'Allow connections to api.crowdsec.net on port 443, check DNS, or set HTTPS_PROXY; then try again.',
    retryHelps: true,
  },
  capi_not_registered: {
    message: 'CrowdSec is not registered at the Central API',
    nextStep: 'Run "cscli capi register", reload CrowdSec, and enroll again.',
    retryHelps: false,
  },
  lapi_unavailable: {
    message: 'LAPI not available',
    nextStep: 'CrowdSec needs 30 to 60 seconds to start: wait a minute, check that it runs, and try again.',
    retryHelps: true,
  },
  rate_limited: {
    message: 'too many logins at the Central API within the last hour',
    nextStep: 'Wait until the time shown; more attempts now would have this address banned for an hour.',
    retryHelps: true,
  },
  timeout: {
    message: 'the enrollment took too long',
    nextStep:
      'Check that api.crowdsec.net answers from this machine (curl -I https://api.crowdsec.net), and try again.',
    retryHelps: true,
  },
  interrupted: {
    message: 'the enrollment was interrupted before its outcome was known',
    nextStep: 'Force a heartbeat to see whether it succeeded, or enroll again.',
    retryHelps: true,
  },
  cscli_unavailable: {
    message: 'cscli could not be run',
    nextStep: 'Set CSCLI to the command line that runs cscli.',
    retryHelps: false,
  },
  unknown: {
    message: 'the enrollment failed for a reason that is not known here',
    nextStep: 'Run "cscli console enroll" by hand to see all it says.',
    retryHelps: false,
  },
};

export function enrollmentFailure(reason: EnrollmentFailureReason, detail?: string): EnrollmentFailure {
  const failure = FAILURES[reason];
  return { reason, ...failure, message: detail === undefined ? failure.message : `${failure.message} (${detail})` };
}

/**
 * What cscli says when it refuses, most telling first: a refused key is a 403 as well, and LAPI's and the Central
 * API's connection errors differ only in where they come from.
 */
const PATTERNS: readonly (readonly [RegExp, EnrollmentFailureReason])[] = [
  [/already enrolled/i, 'already_enrolled'],
  [/(token|key) (has |is )?expired/i, 'token_expired'],
  [/attachment key provided is not valid|invalid enroll?e?ment key/i, 'invalid_enrollment_key'],
  [
    /must (configure Central API \(CAPI\) with|be configured with)|no (configuration|credentials) for Central API|capi register/i,
    'capi_not_registered',
  ],
  [/rate.?limit|too many requests|\b429\b/i, 'rate_limited'],
  [/API error: (Forbidden|access denied|Unauthorized)|\b(401|403)\b|unauthorized|incorrect/i, 'unauthorized'],
  [/unable to load Local API|loading api client|Local API is disabled|\/v1\//i, 'lapi_unavailable'],
  [/deadline exceeded|timed? ?out|Client\.Timeout/i, 'timeout'],
  [
    /dial tcp|no such host|connection (refused|reset)|proxyconnect|Service Unavailable|x509|tls:|EOF/i,
    'capi_unreachable',
  ],
  [/API error|could not enroll/i, 'capi_unreachable'],
];

/** To register is of no use then: cscli has nowhere to write the account to, and says so each time. */
const NO_ACCOUNT_FILE = /no configuration for Central API|loading online client credentials/i;

const NAME_ACCOUNT_FILE =
  'In CrowdSec’s config.yaml set api.server.online_client.credentials_path to a file that is there (an empty one will do), restart CrowdSec, and enroll again: that registers it too.';

export function failureFromText(text: string): EnrollmentFailureReason {
  return PATTERNS.find(([pattern]) => pattern.test(text))?.[1] ?? 'unknown';
}

export function failureFromCscli(failure: CscliFailure): EnrollmentFailure {
  switch (failure.kind) {
    case 'timeout':
      return enrollmentFailure('timeout');
    case 'stopped':
      return enrollmentFailure('interrupted');
    case 'missing':
    case 'not_executable':
    case 'rubbish':
      return { ...enrollmentFailure('cscli_unavailable', failure.message), nextStep: failure.hint };
    case 'refused': {
      const all = [failure.message, ...failure.messages.map((message) => message.text)].join('\n');
      if (NO_ACCOUNT_FILE.test(all)) {
        const what = 'its configuration names no file for an account there';
        return { ...enrollmentFailure('capi_not_registered', what), nextStep: NAME_ACCOUNT_FILE };
      }
      const reason = failureFromText(all);
      return enrollmentFailure(reason, reason === 'unknown' ? failure.message : undefined);
    }
  }
}
