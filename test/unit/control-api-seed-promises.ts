import type { Row } from './control-api-seed-row.ts';

const GEO = 'unit/control-api-geo.test.ts';
const STACK = 'integration/control-api-stack.test.ts';
const ENGINE = 'integration/control-api-engine.test.ts';
const HUB = 'integration/control-api-hub.test.ts';
const CONSOLE = 'integration/control-api-console.test.ts';
const DECISIONS = 'integration/control-api-decisions.test.ts';
const BANS = 'integration/control-api-bans.test.ts';
const LIFE = 'integration/life-of-a-ban.test.ts';
const OUTAGES = 'integration/outages.test.ts';
const START = 'integration/start.test.ts';
const PAGE_PROTECTION = 'e2e/page-protection.test.ts';
const PAGE_SETTINGS = 'e2e/page-settings.test.ts';
const PAGE_DECISIONS = 'e2e/page-decisions.test.ts';

/** The first half of the document, from top to bottom: what it is, how it is used, what lasts. */
export const PROMISES: readonly Row[] = [
  {
    promise: 'Behavior Detection — Identifies attack patterns like brute-force, scanning, and exploitation',
    here: 'CrowdSec itself detects; what it looks for is installed, kept up to date and reloaded from here',
    file: ENGINE,
    test: 'reads its items again after a change of the Hub',
  },
  {
    promise: 'Community Blocklists — Benefit from threats detected by the global CrowdSec community',
    file: STACK,
    test: 'enforces and counts what the community and the subscribed lists say',
  },
  {
    promise: 'Real-time Blocking — Malicious IPs are blocked immediately via Caddy integration',
    file: LIFE,
    test: 'acts at once when it is told to look',
  },
  {
    promise: 'Automatic Updates — Threat intelligence updates continuously',
    file: DECISIONS,
    test: 'sees a ban, and the end of one, within the poll of the bouncer',
  },
  {
    promise: 'Proactive Defense — Block attackers before they succeed',
    file: LIFE,
    test: 'blocks a banned address, and serves it again once the ban is lifted',
  },
  {
    promise: 'Zero False Positives — Behavioral analysis reduces incorrect blocks',
    here: 'nobody can promise zero: an allowlist beats every ban, and an unban is confirmed',
    file: STACK,
    test: 'lets an address in although its range is banned, from the moment of the answer',
  },
  {
    promise: 'Community Intelligence — Leverage data from thousands of CrowdSec users',
    file: STACK,
    test: 'enforces and counts what the community and the subscribed lists say',
  },
  {
    promise: 'GUI-Controlled — Enable/disable directly from the UI, no environment variables needed',
    file: PAGE_PROTECTION,
    test: 'lets everybody in and turns the banned away again, each said only when Caddy has confirmed it',
  },
  {
    promise: 'Navigate to Settings → Security; Toggle CrowdSec Protection to enabled',
    file: PAGE_PROTECTION,
    test: 'lets everybody in and turns the banned away again, each said only when Caddy has confirmed it',
  },
  {
    promise: 'Toggle CrowdSec Protection: what the page calls',
    here: 'PUT /enabled',
    file: STACK,
    test: 'lets everybody in once PUT /enabled has answered "off", and nobody banned once it has answered "on"',
  },
  {
    promise: 'CrowdSec starts automatically',
    here: 'with CROWDSEC_ENGINE=managed; an external engine is never started or stopped',
    file: ENGINE,
    test: 'is stopped with PUT /enabled false, and started again with true',
  },
  {
    promise: 'and persists across container restarts',
    here: 'restarts of the control API, the bouncer and Caddy',
    file: STACK,
    test: 'stays off over a restart of the control API, the bouncer and Caddy',
  },
  {
    promise: 'No environment variables or manual configuration required',
    here: 'npm start needs none; a daemon beside your own servers is told where they are',
    file: START,
    test: 'proves itself, stops everything it started on Ctrl-C, and keeps the state for the next start',
  },
  {
    promise: 'Go to Settings → Security → Hub Presets … Click Install',
    file: PAGE_SETTINGS,
    test: 'installs "CVE Exploits" after a look at what that changes, and removes it again',
  },
  {
    promise: 'Browse available collections (e.g., crowdsecurity/nginx, crowdsecurity/http-cve)',
    file: HUB,
    test: 'shows every item of the local index without asking anybody',
  },
  {
    promise: 'Search for specific parsers, scenarios, or collections',
    file: HUB,
    test: 'searches names and descriptions, names first, and filters by type',
  },
  {
    promise: 'Search for specific parsers, scenarios, or collections (in the page)',
    file: PAGE_SETTINGS,
    test: 'searches the whole Hub',
  },
  {
    promise: 'Click Install to add to your configuration',
    file: HUB,
    test: 'previews exactly what installing a collection then does, and agrees with cscli about the result',
  },
  {
    promise: 'Popular presets include: HTTP Probing, Bad User-Agents, CVE Exploits',
    file: HUB,
    test: 'has presets in plain words',
  },
  {
    promise: 'Go to Settings → Security → Console Enrollment … Enter your enrollment key … Click Enroll',
    file: PAGE_SETTINGS,
    test: 'enrolls with the line that people paste, and then waits for them to accept it in the Console',
  },
  {
    promise: 'Enter your enrollment key … Click Enroll (the request)',
    here: 'POST /console/enroll',
    file: CONSOLE,
    test: 'registers CrowdSec, enrolls it, and waits for somebody to accept it',
  },
  {
    promise: 'Multi-instance management',
    here: 'the Console does that; name and tags tell the instances apart there',
    file: CONSOLE,
    test: 'registers CrowdSec, enrolls it, and waits for somebody to accept it',
  },
  {
    promise: 'Historical attack data · Alert notifications',
    here: 'the Console keeps history and notifies; what LAPI still has is at GET /alerts',
    file: STACK,
    test: 'shows what CrowdSec decided and why',
  },
  {
    promise: 'Blocklist subscriptions',
    here: 'subscribed in the Console, enforced here',
    file: STACK,
    test: 'enforces and counts what the community and the subscribed lists say',
  },
  {
    promise: 'Navigate to Security → Live Decisions',
    file: PAGE_DECISIONS,
    test: 'sorts, searches and counts over the whole set, and keeps all that in the URL',
  },
  {
    promise: 'See all currently blocked IPs',
    file: DECISIONS,
    test: 'is what the bouncer enforces: all of it, page after page, each row once',
  },
  {
    promise: 'with: IP address, reason for block (scenario triggered), duration remaining',
    file: BANS,
    test: 'is answered when Caddy blocks, and is in the list at once',
  },
  { promise: 'and origin country', file: GEO, test: '%s is in %s, at %s, by the files that come along' },
  {
    promise: 'Option to manually unban',
    file: BANS,
    test: 'by id is answered only after Caddy lets the address through',
  },
  {
    promise: 'Option to manually unban (in the page)',
    file: PAGE_DECISIONS,
    test: 'can be asked about, lifted with Caddy’s own word for it, and taken back within ten seconds',
  },
  {
    promise: "CrowdSec settings are stored in Charon's database and synchronized with the Security Config",
    here: 'one key in Redis; the bouncer keeps a copy',
    file: OUTAGES,
    test: 'gives a wiped Redis back what it lost, and never takes that for "switched on"',
  },
  {
    promise: 'On Container Start — CrowdSec launches automatically if previously enabled',
    here: 'a start of control-api serve',
    file: ENGINE,
    test: 'is started at boot, since protection was never switched off',
  },
  {
    promise: '… if previously enabled, and only then',
    file: ENGINE,
    test: 'stays off over a restart of the API when it was switched off, and never outlives it',
  },
  {
    promise: 'Configuration Sync — Changes in the UI immediately apply to CrowdSec',
    file: ENGINE,
    test: 'reads its items again after a change of the Hub',
  },
  {
    promise: 'State Persistence — Decisions and configurations survive restarts',
    file: OUTAGES,
    test: 'restores the last set when it restarts while LAPI is down, even into a Caddy that knows nothing',
  },
  {
    promise: 'State Persistence … survive restarts: the switch',
    file: OUTAGES,
    test: 'stays switched off over a restart of everything',
  },
];
