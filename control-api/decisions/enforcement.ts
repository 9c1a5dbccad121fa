import type { BouncerStatus, CaddyStatus } from '../../bouncer/shared/domain/status.ts';
import { parsePrefix, type Prefix } from '../../bouncer/shared/net/prefix.ts';
import type { DecisionRows } from './decision-rows.ts';
import { coveredBy } from './prefix-matcher.ts';

/** Whether Caddy blocks what a decision names; `pending` while that is not confirmed. */
export type Enforced = boolean | 'pending';

/** What holds for every row, and why: the first reason that applies. */
export type Enforcement =
  /** A Caddy that takes newer rules still has those of its last push, at `heldSince`. */
  | { readonly kind: 'on'; readonly heldSince?: number }
  | { readonly kind: 'off'; readonly reason: string }
  | { readonly kind: 'pending'; readonly reason: string };

export interface EnforcementFacts {
  /** Undefined when Redis cannot say. */
  readonly bouncers: readonly BouncerStatus[] | undefined;
  /** Why none of them is heard, where that is not because none is there. */
  readonly unheard?: string | undefined;
  readonly allowlist: readonly Prefix[];
  /** When a decision came in, if that was only just now and no bouncer has said since that Caddy holds it. */
  readonly arrivalOf: (id: number) => number | undefined;
  /** Since when arrivals are noted: what was there before may have come just before. */
  readonly notedSince: number | undefined;
}

/** What the bouncers do as a whole, by their own word. */
export function enforcement(bouncers: readonly BouncerStatus[] | undefined, unheard?: string): Enforcement {
  if (bouncers === undefined) return pending('Redis is not available, so no bouncer can be heard');
  if (bouncers.length === 0) return pending(unheard ?? 'no bouncer is alive; Caddy keeps the rules that it has');
  const caddies = bouncers.flatMap((bouncer) => bouncer.caddies);
  if (caddies.length === 0) return { kind: 'off', reason: 'no bouncer knows a Caddy: set CADDY_ADMIN' };
  const held = bouncers.flatMap((bouncer) => bouncer.caddies.map((caddy) => heldBy(caddy, bouncer)));
  const unsettled = caddies[held.indexOf('nobody knows')];
  if (unsettled !== undefined) return pending(`caddy ${unsettled.admin} is ${unsettled.state.replace('_', ' ')}`);
  if (bouncers.some(({ settings }) => !settings.enabled)) return { kind: 'off', reason: 'protection is switched off' };
  const other = bouncers.find(({ settings }) => settings.policy !== 'enforce');
  if (other !== undefined) return { kind: 'off', reason: `the policy is ${other.settings.policy}` };
  const since = held.filter((one) => typeof one === 'number');
  return since.length === 0 ? { kind: 'on' } : { kind: 'on', heldSince: Math.min(...since) };
}

/** What a Caddy holds: everything, what was known at a time, or nobody knows. */
function heldBy(caddy: CaddyStatus, { settings }: BouncerStatus): 'everything' | number | 'nobody knows' {
  if (isSettled(caddy)) return 'everything';
  const isPushing = caddy.state === 'pushing' && caddy.error === undefined && caddy.change === settings.change;
  return isPushing && caddy.last_push_at !== undefined ? Date.parse(caddy.last_push_at) : 'nobody knows';
}

export function isSettled({ state }: CaddyStatus): boolean {
  return state === 'in_sync' || state === 'no_http_app';
}

function pending(reason: string): Enforcement {
  return { kind: 'pending', reason };
}

/**
 * What holds for each row. An address that an allowlist entry covers is not blocked; one that came in after the
 * bouncers spoke last may not be blocked yet.
 */
export function enforcedRows(rows: DecisionRows, facts: EnforcementFacts): (slot: number) => Enforced {
  const overall = enforcement(facts.bouncers, facts.unheard);
  const bouncers = facts.bouncers ?? [];
  const allowed = coveredBy(rows, [...facts.allowlist, ...allowlistsOf(bouncers)]);
  const onlyBans = bouncers.some(({ settings }) => settings.fallback === 'allow');
  const spokenAt = Math.min(...bouncers.map((bouncer) => Date.parse(bouncer.updated_at)));
  const isSpared = (slot: number) =>
    allowed(slot) !== undefined || (onlyBans && rows.causes.at(rows.cause[slot] ?? 0).type !== 'ban');
  return (slot) => {
    if (overall.kind === 'off' || isSpared(slot)) return false;
    if (overall.kind === 'pending') return 'pending';
    const arrivedAt = facts.arrivalOf(rows.ids[slot] ?? -1);
    if (overall.heldSince === undefined) return arrivedAt !== undefined && arrivedAt > spokenAt ? 'pending' : true;
    return (arrivedAt ?? facts.notedSince ?? Infinity) < overall.heldSince ? true : 'pending';
  };
}

/** What bouncers never block by their own configuration, which Redis does not know. */
function allowlistsOf(bouncers: readonly BouncerStatus[]): Prefix[] {
  const listed = bouncers.flatMap(({ settings }) => settings.allowlist ?? []);
  return listed.map((text) => parsePrefix(text)).filter((prefix) => prefix !== undefined);
}
