import { z } from 'zod';
import { parseJson } from '../parse-json.ts';

/** What CrowdSec made of the logs that it reads, since its start. */
export interface LogFigures {
  /** Where lines came from: `file:/var/log/caddy/access.log`. */
  readonly sources: readonly string[];
  readonly read: number;
  readonly understood: number;
}

const acquisitionSchema = z.record(z.string(), z.record(z.string(), z.number()));
const allSchema = z.object({ acquisition: acquisitionSchema });

/**
 * `cscli metrics -o json`: one object with a member `acquisition`; of 1.4.6 several objects one after the other, of
 * which the first is that. @returns undefined when it is neither.
 */
export function readLogFigures(output: string): LogFigures | undefined {
  const first = parseJson(firstObject(output.trim()));
  const parsed = allSchema
    .transform(({ acquisition }) => acquisition)
    .or(acquisitionSchema)
    .safeParse(first);
  if (!parsed.success) return undefined;
  const sources = Object.entries(parsed.data).filter(([, { reads = 0 }]) => reads > 0);
  const sum = (name: string) => sources.reduce((total, [, figures]) => total + (figures[name] ?? 0), 0);
  return { sources: sources.map(([source]) => source), read: sum('reads'), understood: sum('parsed') };
}

/** Objects are printed with their braces at the beginning of a line. */
function firstObject(text: string): string {
  if (text.startsWith('{}')) return '{}';
  const end = /^\}/m.exec(text);
  return end === null ? text : text.slice(0, end.index + 1);
}
