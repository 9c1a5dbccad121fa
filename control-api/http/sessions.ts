import { createHash, randomBytes } from 'node:crypto';
import type { Clock } from '../../bouncer/shared/runtime/clock.ts';

const LIFETIME_MS = 12 * 3_600_000;

/** More sign-ins than people; the oldest goes first. */
const MOST = 100;

/** Signed-in browsers. In memory only: a restart asks for the token again. */
export class Sessions {
  /**
   * Browsers keep one cookie of a name for all ports of a host, and behind a proxy no port tells two control APIs
   * apart: each has a name of its own, for as long as its sessions live.
   */
  readonly cookie = `crowdsec_session_${randomBytes(6).toString('hex')}`;
  readonly #expiries = new Map<string, number>();
  readonly #clock: Clock;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** @returns the cookie's value; only its hash is kept. */
  open(): { readonly id: string; readonly maxAgeSeconds: number } {
    const oldest = this.#expiries.keys().next();
    if (this.#expiries.size >= MOST && !oldest.done) this.#expiries.delete(oldest.value);
    const id = randomBytes(32).toString('base64url');
    this.#expiries.set(keyOf(id), this.#clock.monotonic() + LIFETIME_MS);
    return { id, maxAgeSeconds: LIFETIME_MS / 1_000 };
  }

  isOpen(id: string | undefined): boolean {
    if (id === undefined) return false;
    const expiry = this.#expiries.get(keyOf(id));
    return expiry !== undefined && expiry > this.#clock.monotonic();
  }

  close(id: string | undefined): void {
    if (id !== undefined) this.#expiries.delete(keyOf(id));
  }
}

function keyOf(id: string): string {
  return createHash('sha256').update(id).digest('base64');
}
