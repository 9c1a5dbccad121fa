import { readFileSync } from 'node:fs';
import { bouncerOptions, type BouncerConfig, crossCheck } from './config.ts';
import { loadOptions } from './shared/config/load.ts';
import type { ConfigProblem } from './shared/config/option.ts';
import { reasonOf } from './shared/runtime/reason.ts';

export type LoadedConfig =
  | { readonly kind: 'ok'; readonly config: BouncerConfig; readonly sources: Readonly<Record<string, string>> }
  | { readonly kind: 'invalid'; readonly problems: readonly ConfigProblem[] };

/** What stands on the command line: flags by the settings' names, and the `--config` file. */
export interface ConfigInput {
  readonly flags: Readonly<Record<string, string | undefined>>;
  readonly configFile: string | undefined;
}

export interface ConfigUse {
  /** Whether LAPI is to be asked. The commands that ask the daemon, or Caddy, need no key for it. */
  readonly asksLapi: boolean;
}

/** Flags over environment over file over defaults, every problem at once. */
export function loadConfig({ flags, configFile }: ConfigInput, use: ConfigUse): LoadedConfig {
  const read = loadOptions(bouncerOptions, { flags, environment: process.env, configFile });
  if (read.kind === 'invalid') return read;
  const problems = [...crossCheck(read.values, use), ...unreadableFiles(read.values)];
  return problems.length > 0
    ? { kind: 'invalid', problems }
    : { kind: 'ok', config: read.values, sources: read.sources };
}

/** Files that are only read later, looked at now, so that check-config means something. */
function unreadableFiles(config: BouncerConfig): ConfigProblem[] {
  const names = ['CROWDSEC_CA_FILE', 'CROWDSEC_CERT_FILE', 'CROWDSEC_KEY_FILE', 'BAN_BODY_FILE'] as const;
  return names.flatMap((setting) => {
    const path = config[setting];
    if (path === undefined) return [];
    try {
      readFileSync(path);
      return [];
    } catch (error) {
      const message = reasonOf(error);
      return [{ setting, message, hint: 'give the path of a file that this user may read' }];
    }
  });
}
