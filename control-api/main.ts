#!/usr/bin/env node
import { Command } from 'commander';
import { createLogger } from '../bouncer/shared/runtime/logger.ts';
import { addSettingFlags, givenFlags } from '../bouncer/shared/config/command-line.ts';
import { type Config, type ConfigRequest, loadConfig } from './config.ts';
import { diagnose, settingsOfDataDir } from './diagnostics/diagnose.ts';
import { healthcheck } from './healthcheck.ts';
import { OPTIONS } from './options.ts';
import { serve } from './serve.ts';
import { VERSION } from './version.ts';

const EXIT_USAGE = 2;

const program = new Command('control-api')
  .description('The control API of caddy-crowdsec-sidecar: switch protection, install Hub content, enroll, diagnose.')
  .version(VERSION)
  .exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : EXIT_USAGE));

/** Reads the configuration, or prints every problem with it and ends the process. */
function configOf(command: Command, more: Partial<ConfigRequest> = {}): Config {
  const configFile = command.opts<{ config?: string }>().config;
  const flags = { ...givenFlags(command, OPTIONS), ...more.flags };
  const result = loadConfig({ environment: process.env, configFile, ...more, flags });
  if (result.kind === 'ok') return result.values;
  for (const { setting, message, hint } of result.problems)
    process.stderr.write(`${setting}: ${message}\n  → ${hint}\n`);
  process.exit(EXIT_USAGE);
}

addSettingFlags(program.command('serve').description('run the control API'), OPTIONS).action(
  async (_options: unknown, command: Command) => {
    const config = configOf(command);
    const log = createLogger('control-api', config.LOG_LEVEL);
    process.exitCode = await serve(config, log, () =>
      loadConfig({
        flags: givenFlags(command, OPTIONS),
        environment: process.env,
        configFile: command.opts<{ config?: string }>().config,
      }),
    );
  },
);

addSettingFlags(program.command('check-config').description('say everything that is wrong'), OPTIONS).action(
  (_options: unknown, command: Command) => {
    configOf(command);
    process.stdout.write('the configuration is fine\n');
  },
);

addSettingFlags(program.command('healthcheck').description('exit 0 when the API answers, else 1'), OPTIONS).action(
  async (_options: unknown, command: Command) => {
    const result = await healthcheck(configOf(command, { isServing: false }).CONTROL_API_LISTEN);
    process[result.isHealthy ? 'stdout' : 'stderr'].write(`${result.message}\n`);
    process.exitCode = result.isHealthy ? 0 : 1;
  },
);

addSettingFlags(program.command('diagnose').description('check everything; exit 1 when a check failed'), OPTIONS)
  .option('--json', 'for programs')
  .option('--data-dir <DIR>', 'where CrowdSec keeps its data, and perhaps its configuration')
  .action(async ({ json, dataDir }: { json?: true; dataDir?: string }, command: Command) => {
    const flags = dataDir === undefined ? {} : settingsOfDataDir(dataDir);
    process.exitCode = await diagnose(configOf(command, { flags, isServing: false }), {
      isJson: json === true,
      isColored: process.stdout.isTTY && process.env['NO_COLOR'] === undefined,
      write: (text) => process.stdout.write(text),
    });
  });

await program.parseAsync();
