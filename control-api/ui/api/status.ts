import { type Resource, useResource } from './resource.ts';
import type { Status } from './wire.ts';

const EVERY_MS = 3_000;

/** The whole state, which every view shows a part of. */
export function useStatus(): Resource<Status> {
  return useResource<Status>('/status', { everyMs: EVERY_MS, kinds: ['*'] });
}
