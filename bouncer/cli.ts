import { Command, Option as Flag } from 'commander';
import { checkCaddyfile } from './commands/check-caddyfile.ts';
import { checkConfig } from './commands/check-config.ts';
import { clear } from './commands/clear.ts';
import { exportBans, EXPORT_FORMATS, type ExportFormat } from './commands/export.ts';
import { healthcheck } from './commands/healthcheck.ts';
import { lookup } from './commands/lookup.ts';
import { run } from './commands/run.ts';
import { status } from './commands/status.ts';
import { bouncerOptions } from './config.ts';
import type { ConfigInput } from './load-config.ts';
import { addSettingFlags, givenFlags } from './shared/config/command-line.ts';
import { VERSION } from './version.ts';

const program = new Command('bouncer')
  .description("Enforces CrowdSec's decisions on a stock Caddy.")
  .version(VERSION)
  .showHelpAfterError('(see bouncer --help)')
  .exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : 2));

addSettingFlags(program, bouncerOptions);

/** What the user wrote on the command line. */
function input(): ConfigInput {
  return { configFile: program.opts<{ config?: string }>().config, flags: givenFlags(program, bouncerOptions) };
}

/** Runs a command; its result is the exit code. */
function action<Arguments extends unknown[]>(
  work: (input: ConfigInput, ...given: Arguments) => Promise<number> | number,
) {
  return async (...given: Arguments) => {
    process.exitCode = await work(input(), ...given);
  };
}

program
  .command('run')
  .description('the daemon')
  .action(action((given) => run(given)));
program
  .command('check-config')
  .description('every error at once; exit 2 if any')
  .option('--caddyfile <file>', 'instead: what the settings of another bouncer in this Caddyfile become here')
  .action(
    action((given, { caddyfile }: { caddyfile?: string }) =>
      caddyfile === undefined ? checkConfig(given) : checkCaddyfile(caddyfile),
    ),
  );
program
  .command('status')
  .description('what the running bouncer says of itself')
  .option('--json', 'as JSON')
  .action(action((given, { json }: { json?: true }) => status(given, json === true)));
program
  .command('lookup <ip>')
  .description('why an address is blocked, or not')
  .option('--json', 'as JSON')
  .action(action((given, ip: string, { json }: { json?: true }) => lookup(given, ip, json === true)));
program
  .command('export')
  .description('the enforced set')
  .addOption(new Flag('--format <format>', 'how to write it').choices(EXPORT_FORMATS).default('plain'))
  .action(action((given, { format }: { format: ExportFormat }) => exportBans(given, format)));
program
  .command('clear')
  .description('removes our rules from every Caddy')
  .action(action((given) => clear(given)));
program
  .command('healthcheck')
  .description('exit 0 when the daemon answers, else 1')
  .action(action((given) => healthcheck(given)));

await program.parseAsync();
