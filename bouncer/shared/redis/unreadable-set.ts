/** What stands in Redis is no snapshot, or no batch: only a new snapshot helps. */
export class UnreadableSet extends Error {}
