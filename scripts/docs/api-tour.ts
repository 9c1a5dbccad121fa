/**
 * Every endpoint of the control API, in the order in which control-api/README.md tells of them. The order is also the
 * one in which the page's commands are run: a decision is made before it is lifted, so its id is known.
 */
export interface Stop {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  /** As /openapi.json spells it, with `{names}`; below `/api/v1/cerberus/crowdsec` unless it says where. */
  readonly path: string;
  readonly fill?: Readonly<Record<string, string>>;
  readonly query?: string;
  readonly body?: object;
  /** A sentence more than the summary that the API's own description has. */
  readonly says?: string;
  /** The answer has the shape of one above it. */
  readonly isLikeTheOneAbove?: true;
}

export interface Chapter {
  readonly title: string;
  readonly says: string;
  readonly stops: readonly Stop[];
}

const get = (path: string, more: Partial<Stop> = {}): Stop => ({ method: 'GET', path, ...more });
const put = (path: string, more: Partial<Stop>): Stop => ({ method: 'PUT', path, ...more });
const post = (path: string, more: Partial<Stop> = {}): Stop => ({ method: 'POST', path, ...more });
const del = (path: string, more: Partial<Stop> = {}): Stop => ({ method: 'DELETE', path, ...more });

const ITEM = '/hub/items/{type}/{author}/{name}';
const CADDY = { type: 'collections', author: 'crowdsecurity', name: 'caddy' };

/** The key of nobody; the Central API that the tests stand up knows it. */
export const SHOWN_KEY = 'abcdefghijklmnop';

/** What is there before the tour begins, one decision after the other: LAPI numbers them from 1. */
export const BEFORE = [
  { value: '198.51.100.23', origin: 'crowdsec', reason: 'crowdsecurity/http-probing' },
  { value: '192.0.2.0/28', origin: 'crowdsec', reason: 'crowdsecurity/http-cve-probing' },
] as const;

export const TOUR: readonly Chapter[] = [
  {
    title: 'Status, and the switch',
    says: 'A change is answered with 200 when every Caddy has confirmed it, and with 202 when it is written and `missing` says what has not followed yet. One that another change overtakes is confirmed with that one; where that one wanted otherwise, the answer is 202 at once with `overtaken`, and `missing` says what holds now.',
    stops: [
      get('/status'),
      put('/enabled', { body: { enabled: true } }),
      put('/policy', { body: { policy: 'enforce' }, isLikeTheOneAbove: true }),
    ],
  },
  {
    title: 'Live decisions',
    says: 'The set that the bouncer acts on, and not only what CrowdSec shows: community blocklist and lists included.',
    stops: [
      post('/decisions', {
        query: 'preview=true',
        body: { values: ['203.0.113.9', '203.0.113.64/28'], duration: '4h', reason: 'spam' },
      }),
      post('/decisions', {
        body: { values: ['203.0.113.9', '203.0.113.64/28'], duration: '4h', reason: 'spam' },
        says: 'The same line without `preview=true` does it.',
      }),
      get('/decisions', { query: 'q=203.0.113&sort=-until&limit=2' }),
      get('/decisions/history', { query: 'period=24h' }),
      get('/decisions/export', { query: 'format=csv&origin=local' }),
      get('/lookup/{ip}', { fill: { ip: '203.0.113.9' } }),
      del('/decisions', { query: 'value=203.0.113.9' }),
      del('/decisions/{id}', {
        fill: { id: '4' },
        isLikeTheOneAbove: true,
        says: 'The id is the one that `GET /decisions` shows.',
      }),
      post('/decisions/delete', {
        body: { filter: { q: '192.0.2.0/28' }, expected: 1 },
        isLikeTheOneAbove: true,
        says: 'Instead of `filter`: `{"ids":[17,18]}`.',
      }),
    ],
  },
  {
    title: 'Allowlist',
    says: 'An allowlisted address is never blocked, whatever range or list covers it.',
    stops: [
      post('/allowlist', { body: { values: ['198.51.100.0/24'], reason: 'the office', duration: '24h' } }),
      get('/allowlist'),
      del('/allowlist', { query: 'value=198.51.100.0/24', isLikeTheOneAbove: true }),
    ],
  },
  {
    title: 'Alerts',
    says: 'What CrowdSec saw, and why it decided.',
    stops: [
      get('/alerts', { query: 'ip=198.51.100.23&since=24h&limit=2' }),
      get('/alerts/{id}', { fill: { id: '1' }, isLikeTheOneAbove: true }),
    ],
  },
  {
    title: 'Hub',
    says: "Browsing reads CrowdSec's local index and needs no internet. What somebody changed by hand is never overwritten, and `?preview=true` says what would change.",
    stops: [
      post('/hub/update'),
      get('/hub/items', { query: 'q=caddy&type=collections&limit=2' }),
      get(ITEM, { fill: CADDY }),
      post(ITEM, { fill: CADDY }),
      del(ITEM, { fill: CADDY, query: 'preview=true', isLikeTheOneAbove: true }),
      post('/hub/upgrade', { query: 'preview=true', isLikeTheOneAbove: true }),
      get('/hub/presets'),
      post('/hub/presets/{id}', {
        fill: { id: 'http-probing' },
        query: 'preview=true',
        isLikeTheOneAbove: true,
      }),
      del('/hub/presets/{id}', {
        fill: { id: 'caddy' },
        query: 'preview=true',
        isLikeTheOneAbove: true,
      }),
    ],
  },
  {
    title: 'Console',
    says: 'The enrollment key is passed on to CrowdSec and kept nowhere.',
    stops: [
      post('/console/enroll', { body: { enrollment_key: SHOWN_KEY, name: 'web-1', tags: ['caddy'] } }),
      get('/console/status', { isLikeTheOneAbove: true }),
      post('/console/heartbeat'),
      del('/console/enrollment'),
    ],
  },
  {
    title: 'Diagnostics',
    says: 'The checks of `control-api diagnose`, over HTTP. They come in the order in which to mend what they find.',
    stops: [get('/diagnostics/connectivity'), get('/diagnostics/config'), post('/diagnostics/drill')],
  },
  {
    title: 'Events',
    says: 'A stream of server-sent events, until you close it. A reader that was cut off sends the last id that it saw as `Last-Event-ID`, and misses nothing.',
    stops: [get('/events', { query: 'replay=1' })],
  },
  {
    title: "The page's session",
    says: 'Browsers sign in with the same token and hold a cookie, whose name (`crowdsec_session_…`) each control API makes up at its start: several on one host do not sign each other out. Scripts do not need it.',
    stops: [
      get('/api/v1/session'),
      post('/api/v1/session', { body: { token: '$token' }, isLikeTheOneAbove: true }),
      del('/api/v1/session', { isLikeTheOneAbove: true }),
    ],
  },
  {
    title: 'Health',
    says: 'For containers and load balancers; neither needs the token.',
    stops: [get('/healthz'), get('/readyz')],
  },
];
