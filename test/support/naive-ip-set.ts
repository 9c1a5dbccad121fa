import { type Prefix, comparePrefixes, covers } from '../../bouncer/shared/net/prefix.ts';

/** The oracle of `IpSet`: an array in order, and a scan for everything. Too slow to be wrong. */
export class NaiveIpSet {
  #members: Prefix[] = [];

  get size(): number {
    return this.#members.length;
  }

  add(prefix: Prefix): boolean {
    if (this.has(prefix)) return false;
    this.#members = [...this.#members, prefix].sort(comparePrefixes);
    return true;
  }

  delete(prefix: Prefix): boolean {
    const had = this.has(prefix);
    this.#members = this.#members.filter((member) => member !== prefix);
    return had;
  }

  has = (prefix: Prefix): boolean => this.#members.includes(prefix);

  contains = (prefix: Prefix): boolean => this.coverings(prefix).length > 0;

  longestMatch = (prefix: Prefix): Prefix | undefined => this.coverings(prefix).at(-1);

  coverings = (prefix: Prefix): Prefix[] => this.#members.filter((member) => covers(member, prefix));

  within = (prefix: Prefix): Prefix[] => this.#members.filter((member) => covers(prefix, member));

  maximal = (): Prefix[] => this.#members.filter((member) => this.coverings(member).length === 1);

  all = (): Prefix[] => [...this.#members];
}
