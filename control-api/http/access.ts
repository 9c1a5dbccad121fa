import { createHash, timingSafeEqual } from 'node:crypto';
import type { Secret } from '../../bouncer/shared/runtime/secret.ts';

/** Who may do what: one token, and whether reading needs it too. */
export interface Access {
  readonly token: Secret;
  /** `configured`: everything needs the token. `generated`: only changes do, and `tokenPath` holds it. */
  readonly kind: 'configured' | 'generated';
  readonly tokenPath?: string;
}

/** Compares without telling by its time how much was right; hashing first makes the lengths equal. */
export function isToken(given: string, token: Secret): boolean {
  return timingSafeEqual(digest(given), digest(token.reveal()));
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
