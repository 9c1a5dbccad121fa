import type { Row } from './control-api-seed-row.ts';

const HTTP = 'unit/control-api-http.test.ts';
const ENROLLMENT = 'unit/control-api-enrollment.test.ts';
const INTERNET = 'unit/control-api-internet.test.ts';
const ENGINE = 'integration/control-api-engine.test.ts';
const HUB = 'integration/control-api-hub.test.ts';
const CONSOLE = 'integration/control-api-console.test.ts';
const DIAGNOSTICS = 'integration/control-api-diagnostics.test.ts';
const SCRIPT = 'integration/control-api-diagnose-script.test.ts';
const BANS = 'integration/control-api-bans.test.ts';
const COMMAND = 'integration/control-api-command-line.test.ts';
const MACHINE = 'integration/control-api-machine.test.ts';
const EVERY = 'integration/control-api-every-response.test.ts';
const LIFE = 'integration/life-of-a-ban.test.ts';
const START = 'integration/start.test.ts';
const PAGE_PROTECTION = 'e2e/page-protection.test.ts';
const PAGE_SETTINGS = 'e2e/page-settings.test.ts';

/** The second half, from top to bottom: what goes wrong, the script, the endpoints, the logs, what it links to. */
export const TROUBLES: readonly Row[] = [
  {
    promise: 'CrowdSec sends periodic "heartbeats" to the Console to confirm it is alive',
    file: INTERNET,
    test: 'sends again and again, says when the next is due, survives a failure, and stops',
  },
  {
    promise: 'If heartbeats stop reaching the Console servers, your engine appears offline',
    file: CONSOLE,
    test: 'go from online to degraded to offline and back',
  },
  {
    promise: 'Run the diagnostic script to test connectivity: ./scripts/diagnose-crowdsec.sh',
    file: SCRIPT,
    test: 'prints one line a check and the totals, and exits 0 when nothing failed',
  },
  {
    promise: './scripts/diagnose-crowdsec.sh, with nothing set',
    here: 'beside npm start it finds that stack by itself',
    file: START,
    test: 'proves itself, stops everything it started on Ctrl-C, and keeps the state for the next start',
  },
  {
    promise: 'curl http://localhost:8080/api/v1/cerberus/crowdsec/diagnostics/connectivity',
    file: HTTP,
    test: 'reads without a token on loopback when none was set, as the seed document shows',
  },
  {
    promise: 'Firewall blocking outbound HTTPS · Proxy not configured: Set HTTP_PROXY/HTTPS_PROXY',
    file: DIAGNOSTICS,
    test: 'names what refuses the way to the Central API, the proxy in use included',
  },
  { promise: 'DNS resolution failure', file: DIAGNOSTICS, test: 'tells apart %s' },
  { promise: 'Heartbeat service not running', file: SCRIPT, test: 'sees that the heartbeat service has stopped' },
  {
    promise: 'Force a manual heartbeat: curl -X POST …/console/heartbeat',
    file: HTTP,
    test: 'lets a bare POST force a heartbeat when no token was set, and not when one was',
  },
  {
    promise: 'Force a manual heartbeat: what it does',
    file: CONSOLE,
    test: 'make real contact, with the real lists of bouncers and machines, and one login for many',
  },
  {
    promise: 'Error messages: "token expired", "unauthorized", "invalid enrollment key"',
    file: ENROLLMENT,
    test: '%s',
  },
  {
    promise: '"invalid enrollment key" … Generate a new enrollment token',
    file: CONSOLE,
    test: 'says "invalid enrollment key" for a key that the Console does not know, and does not try again',
  },
  { promise: '"unauthorized"', file: CONSOLE, test: 'says "unauthorized" when the Central API forbids' },
  {
    promise: "Paste the new token in Charon's enrollment form",
    file: PAGE_SETTINGS,
    test: 'says what is wrong with a key, and what to do next',
  },
  {
    promise: 'Error messages: "connection refused", "LAPI not available"',
    file: DIAGNOSTICS,
    test: 'says what to do about a LAPI that is down, and about something else on its port',
  },
  {
    promise: 'LAPI needs 30-60 seconds to fully start after the container launches',
    here: 'the state "starting" until it answers, for up to a minute',
    file: ENGINE,
    test: 'is started at boot, since protection was never switched off',
  },
  {
    promise: 'docker exec charon cscli lapi status',
    here: 'cscli runs beside the engine as before; GET /status has the engine’s state',
    file: MACHINE,
    test: 'says with "lapi status" that LAPI is there',
  },
  {
    promise: 'Check CrowdSec is enabled in the Security dashboard',
    file: PAGE_PROTECTION,
    test: 'names LAPI, and goes on showing the last data',
  },
  {
    promise: 'Try toggling CrowdSec OFF then ON again',
    file: ENGINE,
    test: 'is stopped with PUT /enabled false, and started again with true',
  },
  {
    promise: 'Error message: "instance already enrolled" … Force a re-sync',
    file: CONSOLE,
    test: 'says "instance already enrolled", and a forced heartbeat puts the local state right',
  },
  {
    promise: 'Check Instances — your engine may already appear',
    file: 'integration/control-api-acceptance.test.ts',
    test: 'becomes enrolled by a heartbeat: v3 of the Central API tells it, for the account of v2',
  },
  {
    promise: 'Symptom: Enrollment hangs or times out',
    file: CONSOLE,
    test: 'says so when registering takes too long, in these words',
  },
  {
    promise: 'Test connectivity manually: nslookup, curl -I',
    here: 'DNS, TCP, TLS and HTTP are told apart',
    file: DIAGNOSTICS,
    test: 'tells apart %s',
  },
  {
    promise: 'api.crowdsec.net 443: Console API and heartbeats',
    file: CONSOLE,
    test: 'says that the network is in the way when registering fails',
  },
  {
    promise: 'hub.crowdsec.net 443: Hub presets download',
    here: 'today’s hosts are hub-cdn and cdn-hub; the error names them',
    file: HUB,
    test: 'says that the Hub cannot be reached, changes nothing, and goes on browsing',
  },
  {
    promise: 'The diagnostic script checks CrowdSec connectivity and configuration in one command',
    file: SCRIPT,
    test: 'prints one line a check and the totals, and exits 0 when nothing failed',
  },
  {
    promise: 'Output as JSON (for automation): --json',
    file: SCRIPT,
    test: 'gives the same report as JSON, with exit 0 when nothing failed',
  },
  {
    promise: 'for automation: the exit code',
    file: SCRIPT,
    test: 'exits 1 on a failed check, in both forms, and says what to do',
  },
  { promise: 'Use a custom data directory: --data-dir', file: SCRIPT, test: 'looks for CrowdSec below another folder' },
  {
    promise: 'LAPI availability and health',
    file: DIAGNOSTICS,
    test: 'says what to do about a LAPI that is down, and about something else on its port',
  },
  {
    promise: 'CAPI (Central API) connectivity',
    file: DIAGNOSTICS,
    test: 'names what refuses the way to the Central API, the proxy in use included',
  },
  {
    promise: 'Console enrollment status · Configuration file validity',
    file: DIAGNOSTICS,
    test: 'is valid for a CrowdSec that is set up',
  },
  { promise: 'Heartbeat service status', file: SCRIPT, test: 'sees that the heartbeat service has stopped' },
  {
    promise: 'Configuration file validity',
    file: DIAGNOSTICS,
    test: 'names the line of a file that is not valid, and does not quote it',
  },
  {
    promise: 'GET /diagnostics/connectivity: Tests LAPI and CAPI connectivity; the example response',
    file: DIAGNOSTICS,
    test: 'answers as the document shows when all is well',
  },
  {
    promise: 'GET /diagnostics/config: Validates enrollment configuration',
    file: DIAGNOSTICS,
    test: 'is valid for a CrowdSec that is set up',
  },
  {
    promise: 'POST /console/heartbeat: Forces an immediate heartbeat check',
    file: CONSOLE,
    test: 'make real contact, with the real lists of bouncers and machines, and one login for many',
  },
  {
    promise: 'Access diagnostics programmatically through these API endpoints',
    here: 'these and every other answer of /openapi.json',
    file: EVERY,
    test: 'has been produced here',
  },
  {
    promise: '[CROWDSEC_ENROLLMENT] … enrollment completed',
    file: CONSOLE,
    test: 'registers CrowdSec, enrolls it, and waits for somebody to accept it',
  },
  {
    promise: '[HEARTBEAT_POLLER] … heartbeat sent successfully',
    file: CONSOLE,
    test: 'make real contact, with the real lists of bouncers and machines, and one login for many',
  },
  {
    promise: '[CROWDSEC_STARTUP]: LAPI initialization and startup',
    file: ENGINE,
    test: 'is started at boot, since protection was never switched off',
  },
  {
    promise: 'docker logs charon 2>&1 | grep …: the prefixes in what the program prints',
    file: COMMAND,
    test: 'answers healthcheck while it runs, keeps its configuration when the new one is wrong, and stops in order',
  },
  {
    promise: 'CAPI registration failed: timeout',
    file: CONSOLE,
    test: 'says so when registering takes too long, in these words',
  },
  {
    promise: 'retrying enrollment (attempt 2/3)',
    file: CONSOLE,
    test: 'tries three times when the Central API is out of order, in these words',
  },
  {
    promise: 'CrowdSec Setup Guide — Beginner-friendly setup walkthrough',
    here: 'npm start is a whole setup that proves itself; deploy/setup-guide.md is for servers of your own',
    file: START,
    test: 'proves itself, stops everything it started on Ctrl-C, and keeps the state for the next start',
  },
  {
    promise: 'Web Application Firewall — Complement CrowdSec with WAF protection',
    here: 'no WAF of ours: a stock Caddy cannot ask CrowdSec’s AppSec before it answers; its rules are installed from the preset Virtual Patching for an AppSec that runs elsewhere',
    file: HUB,
    test: 'has presets in plain words',
  },
  {
    promise: 'Access Control — Manual IP blocking',
    here: 'POST /decisions and the allowlist',
    file: BANS,
    test: 'takes any spelling, and a thousand values at once',
  },
  {
    promise: 'Access Control — geo-restrictions',
    here: 'no blocking by country: a stock Caddy cannot tell where an address is; the list shows, filters and counts countries',
    file: LIFE,
    test: 'reads what LAPI holds in odd spellings, and counts what nobody could enforce',
  },
  {
    promise: 'CrowdSec Troubleshooting — Extended troubleshooting guide',
    here: 'deploy/troubleshooting.md, and the diagnostics themselves: every failed check says what to do',
    file: DIAGNOSTICS,
    test: 'gives every failed check a fix of one line',
  },
];
