import { readFile } from 'node:fs/promises';
import { parse } from 'yaml';
import { call } from '../../scripts/servers/http.ts';
import type { CrowdsecServer } from '../../scripts/servers/crowdsec-server.ts';
import { whileLocked } from '../../scripts/servers/while-locked.ts';

const SCENARIOS = [
  'crowdsecurity/http-probing',
  'crowdsecurity/http-bad-user-agent',
  'crowdsecurity/http-cve-2021-41773',
  'crowdsecurity/http-sensitive-files',
  'crowdsecurity/http-path-traversal-probing',
  'crowdsecurity/http-generic-bf',
] as const;

/** Names as they are in alerts; the addresses beside them are those of documentation (RFC 5737, RFC 3849). */
const NETWORKS = [
  ['NL', 'Example Cloud B.V.'],
  ['US', 'Example Hosting Inc.'],
  ['CN', 'Example Telecom'],
  ['BR', 'Exemplo Internet Ltda'],
  ['DE', 'Beispiel Rechenzentrum GmbH'],
  ['VN', 'Example Viet Nam'],
  ['FR', 'Exemple Réseaux SA'],
] as const;

/** The same picture each time. */
function* numbers(seed: number): Generator<number, never> {
  for (let state = seed; ;) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    yield state / 2 ** 32;
  }
}

/** A week of attacks, more of them by day, each with its ban. */
export function weekOfAlerts(count: number, now = Date.now()): unknown[] {
  const random = numbers(7);
  const pick = <T>(list: readonly T[], bias = 2): T => list[Math.floor(random.next().value ** bias * list.length)] as T;
  return Array.from({ length: count }, (_, index) => {
    const [cn, asName] = pick(NETWORKS);
    const scenario = pick(SCENARIOS);
    const value = index % 9 === 8 ? `2001:db8:${index.toString(16)}::7` : `198.51.100.${index % 256}`;
    const passedMs = 7 * 86_400_000 * random.next().value ** 1.3;
    const at = new Date(now - passedMs).toISOString();
    // LAPI counts a decision's time from the beginning of its alert. One of five still stands.
    const left = index % 5 === 0 ? 20 + index * 6 : -30;
    const minutes = Math.max(1, Math.round(passedMs / 60_000 + left));
    return {
      ...alert({ scenario, value, at }),
      source: { scope: 'Ip', value, ip: value, cn, as_name: asName, as_number: '64496' },
      events_count: 10 + (index % 40),
      events: [
        {
          timestamp: at,
          meta: [
            { key: 'http_path', value: '/.env' },
            { key: 'http_status', value: '404' },
            { key: 'http_user_agent', value: 'Mozilla/5.0 zgrab/0.x' },
          ],
        },
      ],
      decisions: [decision({ scenario, value, origin: 'crowdsec', minutes })],
    };
  });
}

/** The community blocklist, as the Central API would have brought it: one alert with all of its decisions. */
export function communityList(count: number, from = 0): unknown {
  const decisions = Array.from({ length: count }, (_, offset) => {
    const index = from + offset;
    return decision({
      scenario: SCENARIOS[index % SCENARIOS.length] ?? '',
      value: addressOf(index),
      origin: 'CAPI',
      minutes: 60 * 24 * 6 + (index % 5_000),
    });
  });
  const at = new Date().toISOString();
  return { ...alert({ scenario: 'update : +' + String(count), value: '', at }), decisions };
}

/** Another one for each index below 184,320. */
function addressOf(index: number): string {
  const round = Math.floor(index / 180);
  return `${11 + (index % 180)}.${round % 256}.${64 * Math.floor(round / 256) + ((index * 13) % 64)}.${(index * 29) % 256}`;
}

/** What an attacker would like to see run, or break. */
export const HOSTILE = '<img src=x onerror=alert(1)>\u202Egnp.exe\u0007"\'`${7*7}' + 'A'.repeat(300);

export function decision(of: { scenario: string; value: string; origin: string; minutes: number }): unknown {
  const { scenario, value, origin, minutes } = of;
  return { duration: `${minutes}m`, origin, scenario, scope: 'Ip', type: 'ban', value };
}

export function alert({ scenario, value, at }: { scenario: string; value: string; at: string }) {
  return {
    capacity: 0,
    decisions: [] as unknown[],
    events: [] as unknown[],
    events_count: 1,
    labels: null,
    leakspeed: '0',
    message: `Ip ${value} performed '${scenario}'`,
    scenario,
    scenario_hash: '',
    scenario_version: '',
    simulated: false,
    source: { scope: 'Ip', value, ip: value },
    start_at: at,
    stop_at: at,
  };
}

/** Gives alerts to LAPI as its own agent would. */
export async function postAlerts(crowdsec: CrowdsecServer, alerts: readonly unknown[]): Promise<void> {
  const account = parse(await readFile(crowdsec.folders.credentials, 'utf8')) as { login: string; password: string };
  const login = { machine_id: account.login, password: account.password, scenarios: [] };
  const headers = { 'content-type': 'application/json', 'user-agent': 'caddy-crowdsec-sidecar-tests/1.0' };
  const post = (path: string, body: unknown, token?: string) =>
    call({
      url: `${crowdsec.url}${path}`,
      method: 'POST',
      headers: { ...headers, ...(token === undefined ? {} : { authorization: `Bearer ${token}` }) },
      body: JSON.stringify(body),
      timeoutMs: 60_000,
    });
  const { token } = JSON.parse((await post('/v1/watchers/login', login)).body) as { token: string };
  await whileLocked(async () => {
    const answer = await post('/v1/alerts', alerts, token);
    if (answer.status >= 300) throw new Error(`POST /v1/alerts: ${answer.status} ${answer.body}`);
  });
}
