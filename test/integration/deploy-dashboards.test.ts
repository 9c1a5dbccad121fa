/** Alert rules and dashboard: promtool takes them, and they ask only for metrics that we have. */
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { BouncerMetrics } from '../../bouncer/http/metrics.ts';
import { RequestMetrics } from '../../control-api/http/request-metrics.ts';
import { unpackBundle, type Bundle } from '../../scripts/servers/debian-packages.ts';
import { run } from '../../scripts/servers/run.ts';
import { DEPLOY } from '../support/compose.ts';

const bundle: Bundle = {
  name: 'prometheus',
  suite: 'bookworm',
  packages: ['prometheus'],
  programs: ['usr/bin/promtool'],
};
const rules = join(DEPLOY, 'prometheus');
const text = (...path: string[]) => readFileSync(join(DEPLOY, ...path), 'utf8');

interface Panel {
  readonly title: string;
  readonly targets: readonly { readonly expr: string }[];
}
const { panels } = JSON.parse(text('grafana', 'caddy-crowdsec.json')) as { panels: Panel[] };

let promtool: string;
beforeAll(async () => {
  promtool = join(await unpackBundle(bundle, () => undefined), 'usr/bin/promtool');
});

const check = (...args: string[]) => run(promtool, args, { cwd: rules });

describe('promtool', () => {
  it('takes the rules and the scrape configuration', async () => {
    expect(await check('check', 'rules', 'caddy-crowdsec.rules.yml')).toMatchObject({ code: 0 });
    expect(await check('check', 'config', '--syntax-only', 'prometheus.yml')).toMatchObject({ code: 0 });
  });

  it('sees the alerts fire when they should, and on no calm day', async () => {
    expect(await check('test', 'rules', 'caddy-crowdsec.rules.test.yml')).toMatchObject({ code: 0 });
  });

  it('understands every query of the dashboard', async () => {
    const queries = panels.flatMap(({ targets }) =>
      targets.map(({ expr }) => expr.replaceAll('$__rate_interval', '5m')),
    );
    const asRules = queries.map((expr, i) => ({ record: `dashboard:query:${i}`, expr }));
    const file = join(tmpdir(), `dashboard-${process.pid}.rules.yml`);
    writeFileSync(file, JSON.stringify({ groups: [{ name: 'dashboard', rules: asRules }] }));
    try {
      expect(await check('check', 'rules', file)).toMatchObject({ code: 0 });
    } finally {
      rmSync(file);
    }
  });
});

it.each([
  ['the rules', text('prometheus', 'caddy-crowdsec.rules.yml')],
  ['the dashboard', panels.flatMap(({ targets }) => targets.map(({ expr }) => expr)).join('\n')],
])('%s ask only for metrics that we have', (_name, asked) => {
  const sources = {
    decisions: () => [],
    streamAgeSeconds: () => 0,
    streamRole: () => 'alone' as const,
    laneEntries: () => 0,
  };
  const known = [new BouncerMetrics(sources), new RequestMetrics()].flatMap(({ registry }) =>
    registry.getMetricsAsArray().map(({ name }) => name),
  );
  const names = [...asked.matchAll(/\b(crowdsec_[a-z_]+|process_[a-z_]+)\b/g)].map(([, name = '']) => name);
  expect(names.length).toBeGreaterThan(5);
  expect(known).toEqual(expect.arrayContaining(names));
});
