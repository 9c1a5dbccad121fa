import { type DestinationStream, type Logger as PinoLogger, pino } from 'pino';

export type Logger = PinoLogger;

export const LOG_LEVELS = ['debug', 'info', 'warn', 'error', 'silent'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** An Error has no fields that JSON would show: without this, `{ error }` is logged as `{}`. */
const serializers = { error: pino.stdSerializers.err };

/** JSON lines on stdout (or `destination`), or lines for people when stdout is a terminal. */
export function createLogger(
  name: string,
  level: LogLevel,
  isTerminal = process.stdout.isTTY,
  destination?: DestinationStream,
): Logger {
  const options = {
    name,
    level,
    formatters: { level: (label: string) => ({ level: label }) },
    timestamp: pino.stdTimeFunctions.isoTime,
    serializers,
  };
  if (!isTerminal) return destination === undefined ? pino(options) : pino(options, destination);
  return pino({
    name,
    level,
    serializers,
    transport: {
      target: 'pino-pretty',
      options: { translateTime: 'SYS:HH:MM:ss', ignore: 'pid,hostname,name', messageFormat: '{msg}' },
    },
  });
}
