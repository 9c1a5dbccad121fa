import { type Command, Option } from 'commander';
import { flagOf, type OptionTable } from './option.ts';

/** Gives `command` a flag for every setting, and for every secret one that names a file. */
export function addSettingFlags(command: Command, table: OptionTable): Command {
  command.addOption(new Option('--config <FILE>', 'YAML file with one SETTING: value a line'));
  for (const [name, option] of Object.entries(table)) {
    const fallback = option.fallback ? ` (default ${option.fallback})` : '';
    command.addOption(new Option(`${flagOf(name)} <value>`, `${option.help}${fallback}`));
    if (option.secret) command.addOption(new Option(`${flagOf(`${name}_FILE`)} <path>`, `file that holds ${name}`));
  }
  return command;
}

/** The flags that were given, keyed by the setting's name. */
export function givenFlags(command: Command, table: OptionTable): Record<string, string | undefined> {
  const given = command.opts<Record<string, string | undefined>>();
  const names = Object.entries(table).flatMap(([name, option]) => (option.secret ? [name, `${name}_FILE`] : [name]));
  return Object.fromEntries(names.map((name) => [name, given[camelCase(name)]]));
}

/** `CROWDSEC_LAPI_URL` → `crowdsecLapiUrl`, commander's name for the flag. */
function camelCase(name: string): string {
  return name.toLowerCase().replaceAll(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
}
