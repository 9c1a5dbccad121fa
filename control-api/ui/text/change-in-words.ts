import type { ChangeReply } from '../api/wire.ts';
import { seconds } from './time.ts';

export interface ChangeWords {
  /** What was changed: `203.0.113.9`. */
  readonly what: string;
  /** What it is now: `is off the allowlist`. */
  readonly is: string;
  /** What Caddy's confirmation means. */
  readonly confirmed?: string;
}

/** How a change ended, in a line; `missing` has the rest. */
export function changeInWords(
  { confirmed, overtaken, took_ms: took }: ChangeReply,
  { what, is, confirmed: meaning = 'Caddy confirmed it' }: ChangeWords,
): string {
  if (overtaken) return `${what}: somebody changed it again`;
  return `${what} ${is}: ${confirmed ? `${meaning}, ${seconds(took)}` : 'not confirmed by Caddy yet'}`;
}
