/**
 * The most members of a bucket (`bucket.ts`). With more a scan takes longer than the miss of another level; with less
 * there are too many nodes for the cache.
 */
export const MOST_MEMBERS = 32;

/** The most words of a bucket: a header, and four for each member. */
export const LARGEST_BUCKET = 1 + 4 * MOST_MEMBERS;
