import { type Logger as PinoLogger, pino } from 'pino';

export type Logger = PinoLogger;

export const LOG_LEVELS = ['debug', 'info', 'warn', 'error', 'silent'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** JSON lines on stdout, or lines for people when stdout is a terminal. */
export function createLogger(name: string, level: LogLevel, isTerminal = process.stdout.isTTY): Logger {
  const options = {
    name,
    level,
    formatters: { level: (label: string) => ({ level: label }) },
    timestamp: pino.stdTimeFunctions.isoTime,
  };
  if (!isTerminal) return pino(options);
  const target = 'pino-pretty';
  return pino({
    name,
    level,
    transport: {
      target,
      options: { translateTime: 'SYS:HH:MM:ss', ignore: 'pid,hostname,name', messageFormat: '{msg}' },
    },
  });
}
