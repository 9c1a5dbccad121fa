/** Ids of a Redis stream, `milliseconds-number`: https://redis.io/docs/latest/develop/data-types/streams/#entry-ids */

export function isBefore(one: string, other: string): boolean {
  const [at, number] = partsOf(one);
  const [otherAt, otherNumber] = partsOf(other);
  return at < otherAt || (at === otherAt && number < otherNumber);
}

/** Milliseconds since the Unix epoch by the clock of Redis, which numbers its entries so. */
export function writtenAt(position: string): number {
  return partsOf(position)[0];
}

function partsOf(position: string): readonly [at: number, number: number] {
  const [at = 0, number = 0] = position.split('-').map(Number);
  return [at, number];
}
