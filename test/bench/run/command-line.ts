import { join } from 'node:path';
import { Command, Option } from 'commander';
import { cacheDir } from '../../../scripts/servers/project-root.ts';
import { CADDY_VERSIONS, type CaddyVersion } from '../../support/servers.ts';
import type { Section } from './section.ts';

export interface BenchOptions {
  readonly sections: readonly Section[];
  readonly quick: boolean;
  readonly jsonFile: string;
  readonly caddyVersions: readonly CaddyVersion[];
}

export function readCommandLine(args: readonly string[], known: readonly Section[]): BenchOptions {
  const names = known.map(({ name }) => name);
  const command = new Command('npm run bench --')
    .description('Measures the built product on real servers and prints a table. Loopback only; a few minutes.')
    .addOption(new Option('--only <names...>', 'these sections alone').choices(names))
    .addOption(
      new Option('--caddy <version>', 'this Caddy alone, where a section measures both').choices(CADDY_VERSIONS),
    )
    .option('--quick', 'fewer rounds, smaller sets: shows that it works, not how fast it is', false)
    .option('--json <file>', 'where the figures go', join(cacheDir, 'bench.json'))
    .addHelpText('after', `\nSections:\n${known.map(({ name, title }) => `  ${name.padEnd(10)} ${title}`).join('\n')}`)
    .parse([...args], { from: 'user' });
  const { only, caddy, quick, json } = command.opts<{
    only?: string[];
    caddy?: CaddyVersion;
    quick: boolean;
    json: string;
  }>();
  return {
    sections: known.filter(({ name, isLong }) => (only ? only.includes(name) : !(quick && isLong === true))),
    quick,
    jsonFile: json,
    caddyVersions: caddy === undefined ? CADDY_VERSIONS : [caddy],
  };
}
