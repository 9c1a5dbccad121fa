import { IpSet } from '../ipset/ip-set.ts';
import type { BanSet } from '../shared/domain/ruleset.ts';
import { type Address, comparePrefixes } from '../shared/net/prefix.ts';

/**
 * The bans of one compilation, to be asked about single addresses. It shares the sorted list that was compiled, and
 * searches it: a second index of a million addresses would cost more than the few questions about it.
 */
export class HeldSet {
  readonly #bans: BanSet;
  readonly #ranges: IpSet;
  readonly #exceptions: IpSet;

  constructor(bans: BanSet) {
    this.#bans = bans;
    this.#ranges = IpSet.from(bans.ranges);
    this.#exceptions = IpSet.from(bans.exceptions);
  }

  blocks(address: Address): boolean {
    if (this.#exceptions.contains(address)) return false;
    return this.#ranges.contains(address) || this.#lists(address);
  }

  #lists(address: Address): boolean {
    const { addresses } = this.#bans;
    let low = 0;
    let high = addresses.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const at = addresses.at(middle);
      if (at === address) return true;
      if (at !== undefined && comparePrefixes(at, address) < 0) low = middle + 1;
      else high = middle;
    }
    return false;
  }
}
