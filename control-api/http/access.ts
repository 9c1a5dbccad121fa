import type { Secret } from '../../bouncer/shared/runtime/secret.ts';

/** Who may do what: one token, and whether reading needs it too. */
export interface Access {
  readonly token: Secret;
  /** `configured`: everything needs the token. `generated`: only changes do, and `tokenPath` holds it. */
  readonly kind: 'configured' | 'generated';
  readonly tokenPath?: string;
}
