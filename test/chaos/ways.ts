import { type Fault, FaultProxy, GARBAGE, httpReply } from '../support/fault-proxy.ts';
import type { Workbench } from '../support/servers.ts';
import type { Outage, Way, WayFault } from './step.ts';

/** What lies between the bouncer and the others, where networks do what they do. */
export type Ways = Readonly<Record<Way, FaultProxy>>;

const SLOW_MS = 700;

/** @param addresses the bouncer's settings that name the others. */
export async function openWays(workbench: Workbench, addresses: Readonly<Record<string, string>>): Promise<Ways> {
  const before = async (setting: string) => {
    const address = addresses[setting] ?? '';
    const listening = address.startsWith('unix/') ? { path: workbench.path('way.sock') } : {};
    return workbench.also(await FaultProxy.before(address, listening));
  };
  return {
    'way to Caddy': await before('CADDY_ADMIN'),
    'way to Redis': await before('REDIS_URL'),
    'way to LAPI': await before('CROWDSEC_LAPI_URL'),
  };
}

/** The bouncer's settings that lead it over the ways. */
export function addressesOf(ways: Ways): Readonly<Record<string, string>> {
  return {
    CADDY_ADMIN: ways['way to Caddy'].url,
    REDIS_URL: ways['way to Redis'].url,
    CROWDSEC_LAPI_URL: ways['way to LAPI'].url,
  };
}

export function faultOf(fault: WayFault): Fault {
  switch (fault) {
    case 'cut':
      return { kind: 'cut', afterBytes: 200 };
    case 'half-open':
      return { kind: 'half_open' };
    case 'slow':
      return { kind: 'delay', ms: SLOW_MS };
    case 'garbage':
      return { kind: 'answer', bytes: GARBAGE, then: 'end' };
    case '503':
      return httpReply(503, { body: '{"message":"not now"}' });
    case 'short':
      return httpReply(200, { body: '{"new":[', length: 500 });
  }
}

export function isOnWay(outage: Outage): outage is Extract<Outage, { readonly part: Way }> {
  return outage.part.startsWith('way ');
}
