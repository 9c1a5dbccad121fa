import { createLogger, type Logger } from '../../bouncer/shared/runtime/logger.ts';

export interface LogLine {
  readonly level: string;
  readonly msg: string;
  readonly [field: string]: unknown;
}

/** A logger of the real kind, whose lines a test can read. */
export function fakeLog(): { readonly log: Logger; readonly lines: LogLine[]; readonly warnings: () => string[] } {
  const lines: LogLine[] = [];
  const write = (text: string) => void lines.push(JSON.parse(text) as LogLine);
  return {
    log: createLogger('test', 'debug', false, { write }),
    lines,
    warnings: () => lines.filter(({ level }) => level === 'warn' || level === 'error').map(({ msg }) => msg),
  };
}
