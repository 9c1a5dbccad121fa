/** `npm test`: what it needs, then every check and every test of every kind, then one table. */
import { reasonOf } from '../bouncer/shared/runtime/reason.ts';
import { findCaddy, findCrowdsec, findRedis } from './servers/binaries.ts';
import { Terminal } from './terminal.ts';
import { endCurrentStage, runStage } from './test-run/run-stage.ts';
import { chooseStages } from './test-run/stages.ts';
import { formatSummary, isSuccess, type StageResult } from './test-run/summary.ts';
import { ensurePackages, TEST_PACKAGES } from './test-run/system-packages.ts';

export async function main(): Promise<void> {
  const terminal = new Terminal();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => {
      endCurrentStage(signal);
      process.exit(130);
    });
  }
  try {
    const stages = chooseStages(process.argv.slice(2));
    await prepare(terminal);
    const results: StageResult[] = [];
    for (const stage of stages) {
      terminal.title(stage.name);
      const result = await runStage(stage);
      results.push(result);
      if (result.ok) terminal.done(stage.name, '', result.ms);
      else terminal.fail(stage.name);
    }
    process.stdout.write(`\n${formatSummary(results)}\n`);
    process.exitCode = isSuccess(results) ? 0 : 1;
  } catch (error) {
    terminal.fail(reasonOf(error));
    process.exitCode = 1;
  }
}

/** The real servers are here before the first test: a test never waits for a download. */
async function prepare(terminal: Terminal): Promise<void> {
  terminal.title('what the tests need');
  await terminal.step(
    'packages',
    (doing) => ensurePackages(TEST_PACKAGES, doing),
    () => (TEST_PACKAGES.length === 0 ? 'none' : TEST_PACKAGES.map(({ name }) => name).join(', ')),
  );
  await terminal.step(
    'programs',
    async (doing) => {
      const [redis, crowdsec] = [await findRedis(doing), await findCrowdsec(doing)];
      const caddies = [await findCaddy('floor', doing), await findCaddy('newest', doing)];
      return { redis, crowdsec, caddies };
    },
    ({ redis, crowdsec, caddies }) =>
      [
        ...caddies.map((caddy) => `Caddy ${caddy.version}`),
        `CrowdSec ${crowdsec.version}`,
        `Redis ${redis.version}`,
      ].join(', '),
  );
}
