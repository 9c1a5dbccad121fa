import { Secret } from '../../bouncer/shared/runtime/secret.ts';

export type KeyResult =
  { readonly kind: 'ok'; readonly key: Secret } | { readonly kind: 'invalid'; readonly message: string };

/** Longer than any line that the Console offers for copying. */
const LONGEST_PASTE = 1_000;

/** Options of `cscli console enroll` that are followed by a value. */
const WITH_VALUE = new Set([
  '-n',
  '--name',
  '-t',
  '--tags',
  '-e',
  '--enable',
  '-d',
  '--disable',
  '-c',
  '--config',
  '-o',
]);

/**
 * Finds the key in what a person pasted: the bare key, quoted, with spaces around it, or the Console's whole line
 * (`sudo cscli console enroll -e context KEY`). Never repeats what was pasted: it may be a key with one letter wrong.
 */
export function readEnrollmentKey(pasted: string): KeyResult {
  if (pasted.length > LONGEST_PASTE) return invalid('this is much longer than an enrollment key');
  const words = pasted
    .replaceAll(/[\u200b-\u200d\u2060\ufeff"'`“”‘’]/gu, '')
    .split(/\s+/u)
    .filter((word) => word !== '');
  const candidates = isCommand(words) ? argumentsOf(words) : words;
  const [candidate, ...others] = candidates;
  if (candidate === undefined) return invalid('there is no enrollment key in it');
  if (others.length > 0) return invalid('there is more than one word that could be the enrollment key');
  if (!/^[A-Za-z0-9-]{10,64}$/.test(candidate) || candidate.startsWith('-')) {
    return invalid('an enrollment key has 10 to 64 letters, digits and dashes');
  }
  return { kind: 'ok', key: new Secret(candidate) };
}

function isCommand(words: readonly string[]): boolean {
  return words.includes('enroll');
}

function argumentsOf(words: readonly string[]): string[] {
  const rest = words.slice(words.indexOf('enroll') + 1);
  return rest.filter((word, i) => !word.startsWith('-') && !WITH_VALUE.has(rest[i - 1] ?? ''));
}

function invalid(message: string): KeyResult {
  return { kind: 'invalid', message };
}
