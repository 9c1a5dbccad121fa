import { createHash, timingSafeEqual } from 'node:crypto';
import type { Secret } from './secret.ts';

/** Whether an `Authorization` header carries this token; the time it takes tells nothing of how much was right. */
export function carriesToken(header: string | undefined, token: Secret): boolean {
  const given = /^Bearer +(\S+) *$/i.exec(header ?? '')?.[1] ?? '';
  // An empty token would be carried by every request that has none.
  return given !== '' && timingSafeEqual(digest(given), digest(token.reveal()));
}

/** Equal lengths, whatever was given. */
function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
