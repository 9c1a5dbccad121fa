import { freePort } from '../../../scripts/servers/ports.ts';
import { caddyBinary, Workbench, type CaddyVersion } from '../../support/servers.ts';
import { compare, type Effort, type VariantCost } from '../load/comparison.ts';
import {
  FORWARD_AUTH,
  linearList,
  linearListOfRanges,
  NO_RULES,
  ourRules,
  ourRulesForRanges,
  ourRulesWithLane,
  type SiteKind,
  type Variant,
} from '../load/variants.ts';
import { findWrk } from '../load/wrk.ts';
import { serve } from '../measure/loopback-server.ts';
import { median, medianRatio } from '../measure/statistics.ts';
import { atLeast, atMost, type Ratio, type Row, type Target } from '../run/row.ts';
import type { BenchContext, Section } from '../run/section.ts';

const OURS = ourRules(20_000);
const OURS_MOST = ourRules(300_000);
const LANE = ourRulesWithLane(20_000);
const LINEAR = linearList(20_000);
const RANGES = ourRulesForRanges(5_000);
const RANGE_LIST = linearListOfRanges(5_000);

const VARIANTS: readonly Variant[] = [NO_RULES, OURS, OURS_MOST, LANE, LINEAR, RANGES, RANGE_LIST, FORWARD_AUTH];
const QUICK_VARIANTS: readonly Variant[] = [NO_RULES, OURS, LANE, LINEAR, RANGES, RANGE_LIST, FORWARD_AUTH];

type Targets = Readonly<Record<SiteKind, Readonly<Record<string, Target>>>>;

/** What a way to protect may cost against none. Another way is one more line here and one above. */
const TO_NONE: Targets = {
  proxy: { [OURS.name]: atMost(1.08), [OURS_MOST.name]: atMost(1.08), [LANE.name]: atMost(1.2) },
  trivial: { [OURS.name]: atMost(1.2), [OURS_MOST.name]: atMost(1.2), [LANE.name]: atMost(1.45) },
};
/** What other people's ways cost at least, against our rules. */
const TO_OURS: Targets = {
  proxy: { [LINEAR.name]: atLeast(2), [FORWARD_AUTH.name]: atLeast(2) },
  trivial: { [LINEAR.name]: atLeast(3), [FORWARD_AUTH.name]: atLeast(3) },
};

const EFFORT: Readonly<Record<CaddyVersion, Effort>> = {
  newest: { rounds: 5, secondsEach: 1 },
  '2.6.2': { rounds: 3, secondsEach: 1 },
};
const QUICK_EFFORT: Effort = { rounds: 2, secondsEach: 1 };

const SITES: readonly SiteKind[] = ['proxy', 'trivial'];

export const requestSection: Section = {
  name: 'requests',
  title: "Caddy's CPU for each request that is not banned",
  async run(context): Promise<Row[]> {
    const rows: Row[] = [];
    for (const version of context.caddyVersions) {
      for (const site of SITES) rows.push(...(await compareOn(context, version, site)));
    }
    return rows;
  },
};

async function compareOn(context: BenchContext, caddy: CaddyVersion, site: SiteKind): Promise<Row[]> {
  const { quick, doing, also } = context;
  const wrk = await findWrk(doing);
  const { version } = await caddyBinary(caddy);
  doing(`Caddy ${version}, ${site === 'proxy' ? 'in front of an upstream' : 'a site that answers by itself'}`);
  const workbench = also(await Workbench.open());
  const auth = also(await serve((_request, response) => response.writeHead(204).end()));
  const upstream = await startUpstream(workbench);
  const variants = quick ? QUICK_VARIANTS : VARIANTS;
  const effort = quick ? QUICK_EFFORT : EFFORT[caddy];
  const costs = await compare(workbench, wrk, variants, { caddy, site, upstream, auth: auth.address }, effort);
  await workbench.stop();
  return costs.map((cost) => toRow(cost, costs, site, `Caddy ${version}, ${SITE_NAMES[site]}`));
}

const SITE_NAMES: Readonly<Record<SiteKind, string>> = { proxy: 'reverse_proxy', trivial: 'respond "ok"' };

function toRow(cost: VariantCost, all: readonly VariantCost[], site: SiteKind, where: string): Row {
  const find = (name: string) => all.find(({ variant }) => variant.name === name)!;
  const { variant, cpuUs, throughput, memoryMb } = cost;
  const none = find(NO_RULES.name);
  const ours = find(variant.name === RANGE_LIST.name ? RANGES.name : OURS.name);
  const share = medianRatio(throughput, none.throughput);
  const isNone = variant.name === NO_RULES.name;
  const rate = `${Math.round(median(throughput)).toLocaleString('en')} requests/s`;
  return {
    name: `${where}: ${variant.name}`,
    value: median(cpuUs),
    unit: 'µs',
    ratios: isNone ? [] : ratiosOf(cost, none, ours, site),
    detail: `${rate}${isNone ? '' : `, ${share.toFixed(2)} of those without rules`}; ${Math.round(memoryMb)} MB`,
    figures: { throughput: median(throughput), throughputToNoRules: share, caddyMb: memoryMb },
  };
}

function ratiosOf({ variant, ...cost }: VariantCost, none: VariantCost, ours: VariantCost, site: SiteKind): Ratio[] {
  const target = TO_NONE[site][variant.name];
  const toNone = { to: NO_RULES.name, times: medianRatio(cost.cpuUs, none.cpuUs) };
  const othersTarget = TO_OURS[site][variant.name];
  const toOurs = { to: `our ${ours.variant.name}`, times: medianRatio(cost.cpuUs, ours.cpuUs) };
  const withAsked = { to: 'the same, with the program asked', times: medianRatio(cost.allCpuUs, ours.cpuUs) };
  return [
    target === undefined ? toNone : { ...toNone, target },
    ...(othersTarget === undefined ? [] : [{ ...toOurs, target: othersTarget }]),
    ...(variant.name === RANGE_LIST.name ? [toOurs] : []),
    ...(variant.asksUs === true ? [withAsked] : []),
  ];
}

/** A Caddy that answers by itself: quick, and a process of its own, so that its CPU is not counted. */
async function startUpstream(workbench: Workbench): Promise<string> {
  const port = await freePort();
  const sites = `http://:${port} {\n\tbind 127.0.0.1\n\trespond "ok"\n}`;
  await workbench.caddy('newest', { kind: 'caddyfile', sites });
  return `127.0.0.1:${port}`;
}
