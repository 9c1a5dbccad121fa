import { Random } from './random.ts';
import {
  type Action,
  type Cast,
  type Outage,
  type Part,
  PARTS,
  RESTARTS,
  SERVER_FAULTS,
  SERVERS,
  type Step,
  WAY_FAULTS,
  WAYS,
} from './step.ts';

const LONGEST_PAUSE_MS = 900;
/** At most this many parts are gone together, each for at most so many steps. */
const GONE_TOGETHER = 2;
const GONE_STEPS = 4;
/** LAPI is silent for so many steps when the bouncer starts anew meanwhile; then three parts may be gone together. */
const SILENT_STEPS = { least: 4, most: 7 };
/** After the bouncer's end and after its start: what was under way ends, and who asks sees what comes of it. */
const RESTART_PAUSE_MS = 2_000;
/** Protection is switched off, or only watches, for at most so many steps. */
const OFF_STEPS = 3;

/** A slow LAPI still speaks. */
const SILENCING = WAY_FAULTS.filter((fault) => fault !== 'slow');

/** What the schedule itself has to remember, so that every step is one that a person could take then. */
interface Plan {
  readonly gone: Map<Part, { readonly outage: Outage; stepsLeft: number }>;
  /** What follows at once. */
  readonly next: Action[];
  readonly allowed: Set<string>;
  enabled: boolean;
  policy: 'enforce' | 'monitor';
  offStepsLeft: number;
  edits: number;
}

/** Steps without end, the same for the same seed and cast. Nothing is asked of a part that is gone. */
export function* schedule(seed: number, cast: Cast): Generator<Step, never> {
  const random = new Random(seed);
  const plan: Plan = {
    gone: new Map(),
    next: [],
    allowed: new Set(),
    enabled: true,
    policy: 'enforce',
    offStepsLeft: 0,
    edits: 0,
  };
  for (;;) {
    const next = plan.next.shift();
    const action = next ?? due(plan) ?? chosen(plan, cast, random);
    remember(plan, action, random);
    yield { action, pauseMs: next === undefined ? random.between(0, LONGEST_PAUSE_MS) : RESTART_PAUSE_MS };
  }
}

/** What cannot wait any longer: a part that comes back, protection that is switched on again. */
function due(plan: Plan): Action | undefined {
  for (const { outage, stepsLeft } of plan.gone.values()) if (stepsLeft <= 0) return { kind: 'back', outage };
  if (plan.offStepsLeft > 0 || !canBeSet(plan)) return undefined;
  if (!plan.enabled) return { kind: 'enabled', enabled: true };
  return plan.policy === 'monitor' ? { kind: 'policy', policy: 'enforce' } : undefined;
}

/** With LAPI and Caddy gone there is nothing left to do but to bring one back. */
function chosen(plan: Plan, cast: Cast, random: Random): Action {
  const choices = possible(plan, cast, random);
  if (choices.length > 0) return random.weighted(choices);
  return { kind: 'back', outage: random.pick([...plan.gone.values()]).outage };
}

interface Choice {
  readonly weight: number;
  readonly value: Action;
}

function possible(plan: Plan, cast: Cast, random: Random): Choice[] {
  return [
    ...(isThere(plan, 'LAPI') ? decisions(cast, random) : []),
    ...(canBeSet(plan) ? settings(plan, cast, random) : []),
    ...(isThere(plan, 'Caddy') ? [{ weight: 3, value: { kind: 'reload', edit: plan.edits + 1 } } as const] : []),
    ...faults(plan, random),
    ...restarts(plan, random),
  ];
}

function decisions({ addresses, ranges }: Cast, random: Random): Choice[] {
  const type = random.pick(['ban', 'ban', 'ban', 'captcha']);
  return [
    { weight: 24, value: { kind: 'ban', value: random.pick(addresses), type, seconds: random.between(3, 90) } },
    { weight: 4, value: { kind: 'ban', value: random.pick(ranges), type, seconds: random.between(3, 20) } },
    { weight: 14, value: { kind: 'unban', value: random.pick(addresses) } },
    { weight: 3, value: { kind: 'unban', value: random.pick(ranges) } },
  ];
}

function settings(plan: Plan, { addresses, ranges }: Cast, random: Random): Choice[] {
  const value = random.pick(random.next() < 0.7 ? addresses : ranges);
  const seconds = random.next() < 0.5 ? random.between(3, 20) : undefined;
  return [
    { weight: 4, value: { kind: 'allow', value, seconds } },
    ...[...plan.allowed].map((value): Choice => ({ weight: 2, value: { kind: 'disallow', value } })),
    { weight: 1.5, value: { kind: 'enabled', enabled: !plan.enabled } },
    { weight: 1.5, value: { kind: 'policy', policy: plan.policy === 'enforce' ? 'monitor' : 'enforce' } },
    { weight: 1, value: { kind: 'wipe Redis' } },
  ];
}

function faults(plan: Plan, random: Random): Choice[] {
  if (plan.gone.size >= GONE_TOGETHER) return [];
  const outages: Outage[] = [
    ...SERVERS.map((part): Outage => ({ part, fault: random.pick(SERVER_FAULTS) })),
    ...WAYS.map((part): Outage => ({ part, fault: random.pick(WAY_FAULTS) })),
  ];
  return outages
    .filter(({ part }) => isThere(plan, part))
    .map((outage) => ({ weight: 2.5, value: { kind: 'gone', outage } }));
}

/** The bouncer starts anew while LAPI is silent, from the snapshot that it has. */
function restarts(plan: Plan, random: Random): Choice[] {
  const needed: readonly Part[] = ['bouncer', 'LAPI', 'way to LAPI'];
  if (plan.gone.size >= GONE_TOGETHER || !needed.every((part) => isThere(plan, part))) return [];
  const outages: Outage[] = [
    { part: 'LAPI', fault: random.pick(SERVER_FAULTS) },
    { part: 'way to LAPI', fault: random.pick(SILENCING) },
  ];
  const restart = random.pick(RESTARTS);
  return outages.map((outage) => ({ weight: 1.5, value: { kind: 'gone', outage, restart } }));
}

function isThere(plan: Plan, part: Part): boolean {
  return !plan.gone.has(part);
}

/** A setting is confirmed by Caddy before the next step, so that nothing is unsure about it later. */
function canBeSet(plan: Plan): boolean {
  return PARTS.every((part) => part === 'LAPI' || part === 'way to LAPI' || isThere(plan, part));
}

function remember(plan: Plan, action: Action, random: Random): void {
  for (const one of plan.gone.values()) one.stepsLeft--;
  plan.offStepsLeft--;
  switch (action.kind) {
    case 'gone':
      goes(plan, action, random);
      break;
    case 'back':
      plan.gone.delete(action.outage.part);
      break;
    case 'allow':
      // One that runs out on its own may be gone when somebody wants to take it off.
      if (action.seconds === undefined) plan.allowed.add(action.value);
      else plan.allowed.delete(action.value);
      break;
    case 'disallow':
      plan.allowed.delete(action.value);
      break;
    case 'enabled':
      plan.enabled = action.enabled;
      plan.offStepsLeft = OFF_STEPS;
      break;
    case 'policy':
      plan.policy = action.policy;
      plan.offStepsLeft = OFF_STEPS;
      break;
    case 'reload':
      plan.edits = action.edit;
      break;
    default:
      break;
  }
}

function goes({ gone, next }: Plan, { outage, restart }: Extract<Action, { kind: 'gone' }>, random: Random): void {
  const { least, most } = restart === undefined ? { least: 0, most: GONE_STEPS } : SILENT_STEPS;
  gone.set(outage.part, { outage, stepsLeft: random.between(least, most) });
  if (restart === undefined) return;
  const bouncer: Outage = { part: 'bouncer', fault: restart };
  next.push({ kind: 'gone', outage: bouncer }, { kind: 'back', outage: bouncer });
}
