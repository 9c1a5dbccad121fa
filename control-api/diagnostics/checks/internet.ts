import { lookup } from 'node:dns/promises';
import { CENTRAL_API_URL, readAccount } from '../../crowdsec/central-api-account.ts';
import type { InternetReply } from '../../internet-client.ts';
import { describeNetworkError, type NetworkFailure, type NetworkStage } from '../../network-error.ts';
import { type Check, type CheckResult, type Diagnosed, failed, ok, skipped, warning } from '../check.ts';

const CALL_MS = 10_000;
const DNS_MS = 3_000;

/** Contacts the Central API without logging in: logins are few, and clicking "diagnose" must not spend them. */
export const centralApi: Check = {
  id: 'capi',
  title: 'Central API',
  group: 'connection',
  run: async (diagnosed) => {
    const found = await readAccount(diagnosed.config.CROWDSEC_CONFIG_DIR);
    return reach(diagnosed, 'the Central API', found.kind === 'ok' ? found.account.url : CENTRAL_API_URL);
  },
};

/** 1.4.6 has its own host compiled in. */
export const hub: Check = {
  id: 'hub',
  title: 'Hub',
  group: 'connection',
  run: async (diagnosed) => {
    const version = await diagnosed.crowdsecVersion();
    const isOld = version?.major === 1 && version.minor < 6;
    const result = await reach(diagnosed, 'the Hub', `https://${isOld ? 'hub-cdn' : 'cdn-hub'}.crowdsec.net/`);
    // What is installed goes on working, and browsing is from the local index.
    return result.status === 'failed' ? { ...result, status: 'warning' } : result;
  },
};

/** Go's clock tolerance for certificates is none, and tokens live for an hour. */
const MOST_SKEW_MS = 60_000;

export const clockSkew: Check = {
  id: 'clock',
  title: 'Clock',
  group: 'configuration',
  run: async ({ internet, clock, config }) => {
    const found = await readAccount(config.CROWDSEC_CONFIG_DIR);
    const url = found.kind === 'ok' ? found.account.url : CENTRAL_API_URL;
    let reply: InternetReply;
    try {
      reply = await internet.send({ method: 'HEAD', url, timeoutMs: CALL_MS });
    } catch {
      return skipped('the Central API does not answer, so its clock could not be compared');
    }
    if (reply.date === undefined) return skipped('the Central API did not tell the time');
    const skewMs = clock.wall() - reply.date.getTime();
    const seconds = Math.round(Math.abs(skewMs) / 1_000);
    if (Math.abs(skewMs) <= MOST_SKEW_MS) return ok('the clock agrees with the Central API’s');
    const side = skewMs > 0 ? 'fast' : 'slow';
    return warning(
      `the clock is ${seconds} s ${side}`,
      'Set the clock (timedatectl set-ntp true): bans would run out at the wrong time.',
    );
  },
};

const HINTS: Readonly<Record<NetworkStage, string>> = {
  dns: 'Check that the name resolves (nslookup HOST), or set HTTPS_PROXY.',
  tcp: 'Allow outbound connections to HOST on port 443, or set HTTPS_PROXY.',
  tls: 'Something inspects TLS: name its authority in SSL_CERT_FILE (for CrowdSec, and here).',
  http: 'A proxy or firewall refuses the connection: allow HOST there.',
  timeout: 'A firewall drops the connection: allow HOST on port 443, or set HTTPS_PROXY.',
};

async function reach({ internet, clock }: Diagnosed, what: string, url: string): Promise<CheckResult> {
  const { host, hostname } = new URL(url);
  const proxy = internet.proxyFor(url);
  const via = proxy === undefined ? '' : ` through the proxy ${proxy}`;
  const startedAt = clock.monotonic();
  const latency = () => Math.max(1, Math.round(clock.monotonic() - startedAt));
  try {
    await internet.send({ method: 'HEAD', url, timeoutMs: CALL_MS });
    const latencyMs = latency();
    return ok(`${what} (${host}) is reached${via} (${latencyMs} ms)`, { word: 'reachable', latencyMs });
  } catch (error) {
    const latencyMs = latency();
    const failure = await stageOf(error, hostname, proxy);
    const message = `${what} (${host}) cannot be reached${via}: ${failure.stage}: ${failure.message}`;
    const hint =
      proxy === undefined
        ? HINTS[failure.stage]
        : `Check the proxy ${proxy} (HTTPS_PROXY, NO_PROXY): it must allow HOST.`;
    return failed(message, hint.replaceAll('HOST', hostname), { word: 'unreachable', latencyMs });
  }
}

/** A time limit says nothing about where: a name that does not resolve in time is told from a silent host. */
async function stageOf(error: unknown, hostname: string, proxy: string | undefined): Promise<NetworkFailure> {
  const failure = describeNetworkError(error);
  if (failure.stage !== 'timeout' || proxy !== undefined) return failure;
  const resolved = lookup(hostname).then(
    () => true,
    () => false,
  );
  const late = new Promise<false>((resolve) => setTimeout(() => resolve(false), DNS_MS).unref());
  return (await Promise.race([resolved, late]))
    ? failure
    : { stage: 'dns', message: 'the name was not resolved in time' };
}
