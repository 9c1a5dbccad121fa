import type { Address, Prefix } from '../net/prefix.ts';
import type { Policy } from './policy.ts';

/** Addresses in order, as in an array; those of a large set are made when they are asked for, one by one. */
export interface AddressSequence extends Iterable<Address> {
  readonly length: number;
  at(index: number): Address | undefined;
}

/**
 * The enforced set in the least words: an address is banned if and only if it is one of `addresses` or inside one
 * of `ranges`, and not inside one of `exceptions`. Each list is sorted and free of what another entry of it covers;
 * no address lies inside a range, and an exception is listed only where it lies inside a range.
 */
export interface BanSet {
  readonly addresses: AddressSequence;
  readonly ranges: readonly Prefix[];
  readonly exceptions: readonly Prefix[];
}

/** How a ban is answered. */
export type BanAction =
  | { readonly kind: 'status'; readonly status: number; readonly body?: string }
  /** Drops the connection without an answer. */
  | { readonly kind: 'abort' }
  /** Hands `status` to the site's own `handle_errors`, on servers where that cannot undo the ban. */
  | { readonly kind: 'error'; readonly status: number };

/** All that a Caddy must be told, independent of the Caddy that is told. */
export interface Ruleset {
  readonly bans: BanSet;
  /** The policy of sites that carry no annotation of their own. */
  readonly policy: Policy;
  readonly action: BanAction;
  /** Whether blocked requests stay in the user's access log. */
  readonly logBlocked: 'keep' | 'skip';
}

/** How rules ask a lane, the folder through which single addresses change without a reload. */
export interface LaneRoutes {
  /** The folder as Caddy sees it. */
  readonly root: string;
  /** Names the proof that Caddy sees it. */
  readonly secret: string;
  /** Entries are asked only while the lane is proven: a folder that we lost must not go on blocking people. */
  readonly isActive: boolean;
}
