import pRetry from 'p-retry';

/** A minute in all, which is how long a large pull may keep the database to itself. */
const PATIENCE = { retries: 240, factor: 1, minTimeout: 250 } as const;

/**
 * LAPI's own database refuses a write now and then while something else is written or read: whoever asked asks again.
 * What was refused may have been stored all the same, so that a decision is there twice.
 */
export function whileLocked<T>(act: () => Promise<T>): Promise<T> {
  return pRetry(act, { ...PATIENCE, shouldRetry: ({ error }) => error.message.includes('database is locked') });
}
