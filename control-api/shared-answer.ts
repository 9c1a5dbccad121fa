import type { Clock } from '../bouncer/shared/runtime/clock.ts';

/** How old an answer may be: a page that many people watch must not multiply the questions. */
const FRESH_MS = 1_000;

/** One run for everybody who asks while it is under way, however long that takes, or was over a moment ago. */
export function sharedAnswer<Answer>(run: () => Promise<Answer>, clock: Clock): () => Promise<Answer> {
  let latest: Promise<Answer> | undefined;
  let freshUntil = 0;
  return () => {
    if (latest !== undefined && clock.monotonic() <= freshUntil) return latest;
    freshUntil = Number.POSITIVE_INFINITY;
    latest = run().finally(() => (freshUntil = clock.monotonic() + FRESH_MS));
    return latest;
  };
}
