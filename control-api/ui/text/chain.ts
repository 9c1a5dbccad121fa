/** The two diagnostics of the API, as one chain. */
export interface Connection {
  readonly status: string;
  readonly latency_ms?: number;
  readonly error?: string;
  readonly hint?: string;
}

export type Connectivity = Readonly<Record<'lapi' | 'capi' | 'hub' | 'redis' | 'caddy' | 'bouncer', Connection>>;

export interface ConfigChecks {
  readonly valid: boolean;
  readonly checks: readonly {
    readonly id: string;
    readonly title: string;
    readonly status: Link['status'];
    readonly message: string;
    readonly hint?: string;
  }[];
}

export interface Link {
  readonly id: string;
  readonly title: string;
  readonly status: 'ok' | 'warning' | 'failed' | 'skipped';
  readonly message: string;
  readonly hint?: string | undefined;
  readonly latencyMs?: number | undefined;
  /** Blocking stands on it; what is not is only needed for news from the internet. */
  readonly isNear: boolean;
}

const TITLES: Readonly<Record<keyof Connectivity, string>> = {
  redis: 'Redis',
  lapi: 'CrowdSec’s LAPI',
  bouncer: 'Bouncer',
  caddy: 'Caddy’s admin API',
  capi: 'Central API',
  hub: 'CrowdSec Hub',
};

/** What blocking stands on comes first; the internet is only needed for news. */
const NEAR = ['redis', 'lapi', 'bouncer', 'caddy'] as const;
const FAR = ['capi', 'hub'] as const;

export function chainOf(connectivity: Connectivity, { checks }: ConfigChecks): readonly Link[] {
  const far = checks.filter(({ id }) => /capi|central|console|enroll|heartbeat|hub|clock/.test(id));
  const near = checks.filter((check) => !far.includes(check));
  return [
    ...NEAR.map((id) => connectionLink(id, connectivity[id], true)),
    ...near.map((check) => ({ ...check, isNear: true })),
    ...FAR.map((id) => connectionLink(id, connectivity[id], false)),
    ...far.map((check) => ({ ...check, isNear: false })),
  ];
}

export function firstBroken(chain: readonly Link[]): Link | undefined {
  return chain.find(({ status }) => status === 'failed');
}

function connectionLink(id: keyof Connectivity, connection: Connection, isNear: boolean): Link {
  const { status: word, error, hint, latency_ms: latencyMs } = connection;
  const isFine = error === undefined;
  const status = isFine ? 'ok' : word === 'unknown' ? 'skipped' : word === 'warning' ? 'warning' : 'failed';
  return { id, title: TITLES[id], status, message: error ?? `It is ${word}.`, hint, latencyMs, isNear };
}
