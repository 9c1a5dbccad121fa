/** The conditions of a user's route that a policy may depend on: which site, and which path of it. */
import { isObject, listOf, type MatcherSet } from './config-types.ts';

/** One set of conditions; both hold. */
export interface SiteMatch {
  readonly host?: readonly string[];
  readonly path?: readonly string[];
}

/** Any of `sets`; an empty list means every request. */
export type ReadMatch =
  | { readonly kind: 'match'; readonly sets: readonly SiteMatch[] }
  /** `why` names the condition that must not decide over a ban. */
  | { readonly kind: 'unreadable'; readonly why: string };

/**
 * Reads a route's `match`. Only host and path: whatever else a client sends, or where it comes from, must not be able
 * to change the verdict.
 */
export function readMatch(match: unknown): ReadMatch {
  const sets: SiteMatch[] = [];
  for (const set of listOf(match)) {
    const read = readSet(set);
    if (typeof read === 'string') return { kind: 'unreadable', why: read };
    // A set without conditions matches everything, whatever the others say.
    if (Object.keys(read).length === 0) return { kind: 'match', sets: [] };
    sets.push(read);
  }
  return { kind: 'match', sets };
}

/** The conditions, or why they cannot be honoured. */
function readSet(set: unknown): SiteMatch | string {
  if (!isObject(set)) return 'a matcher that is no object';
  const read: { host?: readonly string[]; path?: readonly string[] } = {};
  for (const [name, value] of Object.entries(set)) {
    if (name !== 'host' && name !== 'path') return `the matcher \`${name}\``;
    const texts = listOf(value).filter((text) => typeof text === 'string');
    if (texts.length === 0 || texts.length !== listOf(value).length)
      return `a \`${name}\` matcher that is no list of texts`;
    const placeholder = texts.find(hasRequestPlaceholder);
    if (placeholder !== undefined) return `the placeholder in the ${name} "${placeholder}"`;
    read[name] = texts;
  }
  return read;
}

/** Placeholders are filled in anew for each request, from what the client sends; only the environment stays put. */
function hasRequestPlaceholder(text: string): boolean {
  return text.replace(/\{env\.[^{}]*\}/g, '').includes('{');
}

/** Both of two lists of alternatives. */
export function bothMatch(first: readonly SiteMatch[], second: readonly SiteMatch[]): readonly MatcherSet[] {
  if (first.length === 0) return second;
  if (second.length === 0) return first;
  return first.flatMap((a) => second.map((b) => bothSets(a, b)));
}

function bothSets(a: SiteMatch, b: SiteMatch): MatcherSet {
  const shared = Object.keys(b).some((name) => Object.hasOwn(a, name));
  // One set cannot hold two `path` matchers, but not-of-not is a matcher of its own.
  return shared ? { ...a, not: [{ not: [b] }] } : { ...a, ...b };
}
