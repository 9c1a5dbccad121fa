import type { z } from 'zod';

/** One thing that a user can set. Its name is that of the environment variable. */
export interface Option<Schema extends z.ZodType = z.ZodType> {
  /** From the text that a user writes to the value that the program uses. */
  readonly schema: Schema;
  readonly help: string;
  /** The text that stands where the user wrote nothing. */
  readonly fallback?: string;
  /** A secret can also be given as NAME_FILE, and is never shown. */
  readonly secret?: true;
}

export type OptionTable = Readonly<Record<string, Option>>;

export type OptionValues<Table extends OptionTable> = {
  readonly [Name in keyof Table]: z.output<Table[Name]['schema']>;
};

/** What is wrong with one setting, and what to do. */
export interface ConfigProblem {
  readonly setting: string;
  readonly message: string;
  readonly hint: string;
}

/** `CROWDSEC_LAPI_URL` → `--crowdsec-lapi-url`. */
export function flagOf(name: string): string {
  return `--${name.toLowerCase().replaceAll('_', '-')}`;
}
