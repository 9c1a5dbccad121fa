import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

/** A sentence of the seed document that promises something, and the test that runs it. */
interface Row {
  readonly promise: string;
  /** File below test/, and the title of a test in it. */
  readonly file: string;
  readonly test: string;
  /** Where the sentence is about the original's container or page: its equivalent here. */
  readonly here?: string;
}

const HTTP = 'unit/control-api-http.test.ts';
const STACK = 'integration/control-api-stack.test.ts';
const ENGINE = 'integration/control-api-engine.test.ts';
const HUB = 'integration/control-api-hub.test.ts';
const CONSOLE = 'integration/control-api-console.test.ts';
const DIAGNOSTICS = 'integration/control-api-diagnostics.test.ts';
const SCRIPT = 'integration/control-api-diagnose-script.test.ts';
const ENROLLMENT = 'unit/control-api-enrollment.test.ts';

/** From top to bottom, in the order of the document. */
const TABLE: readonly Row[] = [
  {
    promise: 'GUI-Controlled — Enable/disable directly from the UI, no environment variables needed',
    here: 'PUT /enabled, which the page calls',
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
    promise: 'Enter your enrollment key … Click Enroll',
    file: CONSOLE,
    test: 'registers CrowdSec, enrolls it, and waits for somebody to accept it',
  },
  {
    promise: 'On Container Start — CrowdSec launches automatically if previously enabled',
    here: 'a start of control-api serve',
    file: ENGINE,
    test: 'stays off over a restart of the API when it was switched off, and never outlives it',
  },
  {
    promise: 'Configuration Sync — Changes in the UI immediately apply to CrowdSec',
    file: ENGINE,
    test: 'reads its items again after a change of the Hub',
  },
  {
    promise: 'Run the diagnostic script to test connectivity: ./scripts/diagnose-crowdsec.sh',
    file: SCRIPT,
    test: 'prints one line a check and the totals, and exits 0 when nothing failed',
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
  {
    promise: 'Force a manual heartbeat: curl -X POST …/console/heartbeat',
    file: HTTP,
    test: 'lets a bare POST force a heartbeat when no token was set, and not when one was',
  },
  {
    promise: 'CrowdSec sends periodic "heartbeats" to the Console to confirm it is alive',
    file: CONSOLE,
    test: 'make real contact, with the real lists of bouncers and machines, and one login for many',
  },
  {
    promise: 'Your CrowdSec Console dashboard shows your engine as "Offline"',
    file: CONSOLE,
    test: 'go from online to degraded to offline and back',
  },
  {
    promise: 'Error messages: "token expired", "unauthorized", "invalid enrollment key"',
    file: ENROLLMENT,
    test: '%s',
  },
  {
    promise: '"invalid enrollment key" … Always use a freshly generated token',
    file: CONSOLE,
    test: 'says "invalid enrollment key" for a key that the Console does not know, and does not try again',
  },
  { promise: '"unauthorized"', file: CONSOLE, test: 'says "unauthorized" when the Central API forbids' },
  {
    promise: 'Error messages: "connection refused", "LAPI not available"; LAPI needs 30-60 seconds',
    file: DIAGNOSTICS,
    test: 'says what to do about a LAPI that is down, and about something else on its port',
  },
  {
    promise: 'docker exec charon cscli lapi status',
    here: 'GET /status and the engine’s states',
    file: ENGINE,
    test: 'is started at boot, since protection was never switched off',
  },
  {
    promise: 'Already Enrolled: "instance already enrolled" … Force a re-sync',
    file: CONSOLE,
    test: 'says "instance already enrolled", and a forced heartbeat puts the local state right',
  },
  {
    promise: 'Symptom: Enrollment hangs or times out',
    file: CONSOLE,
    test: 'says so when registering takes too long, in these words',
  },
  {
    promise: 'hub.crowdsec.net 443: Hub presets download',
    here: 'today’s hosts are hub-cdn and cdn-hub; the error names them',
    file: HUB,
    test: 'says that the Hub cannot be reached, changes nothing, and goes on browsing',
  },
  {
    promise: 'Output as JSON (for automation): --json',
    file: SCRIPT,
    test: 'exits 1 on a failed check, in both forms, and says what to do',
  },
  {
    promise: 'Use a custom data directory: --data-dir',
    file: SCRIPT,
    test: 'looks for CrowdSec below another folder',
  },
  { promise: 'Heartbeat service status', file: SCRIPT, test: 'sees that the heartbeat service has stopped' },
  {
    promise: 'Configuration file validity',
    file: DIAGNOSTICS,
    test: 'names the line of a file that is not valid, and does not quote it',
  },
  {
    promise: 'GET /diagnostics/config: Validates enrollment configuration',
    file: DIAGNOSTICS,
    test: 'is valid for a CrowdSec that is set up',
  },
  {
    promise:
      'Example response: {"lapi":{"status":"healthy","latency_ms":12},"capi":{"status":"reachable","latency_ms":145}}',
    file: DIAGNOSTICS,
    test: 'answers as the document shows when all is well',
  },
  {
    promise: '[CROWDSEC_ENROLLMENT] enrollment completed',
    file: CONSOLE,
    test: 'registers CrowdSec, enrolls it, and waits for somebody to accept it',
  },
  {
    promise: '[HEARTBEAT_POLLER] heartbeat sent successfully',
    file: CONSOLE,
    test: 'make real contact, with the real lists of bouncers and machines, and one login for many',
  },
  {
    promise: '[CROWDSEC_STARTUP] LAPI initialization and startup',
    file: ENGINE,
    test: 'is started at boot, since protection was never switched off',
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
];

describe('the seed document, sentence by sentence', () => {
  it.each(TABLE)('$promise', ({ file, test }) => {
    const path = new URL(`../${file}`, import.meta.url);
    expect(existsSync(path)).toBe(true);
    // Not skipped, and with this very title.
    expect(readFileSync(path, 'utf8')).toMatch(new RegExp(`\\bit(\\.each[^]*?\\))?\\(\\s*(['"\`])${escaped(test)}\\2`));
  });
});

function escaped(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`);
}
