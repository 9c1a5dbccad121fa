import { createHash } from 'node:crypto';
import { chmodSync, mkdirSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Address, familyOf, mappedForm, parseAddress } from '../shared/net/prefix.ts';

/** The two halves of a lane: bans that the compiled routes lack, and addresses that they block wrongly by now. */
export type LaneSide = 'ban' | 'allow';

/** File systems note times in steps of some milliseconds: two changes within one step look like one. */
const TIME_STEP_MS = 100;

/** Each Caddy's lane is a folder of its own in LANE_DIR, named so that any admin address fits. */
export function laneFolderName(admin: string): string {
  return createHash('sha256').update(admin).digest('hex').slice(0, 8);
}

/**
 * The folder that Caddy's `file` matcher looks into at every request: an empty file named by an address is an entry.
 * Every operation throws as `fs` does; whoever owns the lane then stops trusting it.
 */
export class LaneFolder {
  readonly #root: string;
  readonly #held: Record<LaneSide, Set<Address>> = { ban: new Set(), allow: new Set() };
  /** When each folder had last changed as it was read to hold just our entries, in nanoseconds; unknown otherwise. */
  readonly #seen: Record<LaneSide, bigint | undefined> = { ban: undefined, allow: undefined };

  constructor(root: string) {
    this.#root = root;
  }

  /** Makes the folders, which Caddy may enter as another user, and learns what an earlier run left in them. */
  open(): void {
    for (const folder of ['ban', 'allow', 'proof']) {
      mkdirSync(join(this.#root, folder), { recursive: true });
      chmodSync(join(this.#root, folder), 0o755); // mkdir's mode is cut by the umask
    }
    chmodSync(this.#root, 0o755);
    for (const side of ['ban', 'allow'] as const) {
      const names = new Set(readdirSync(join(this.#root, side)));
      this.#held[side] = new Set([...names].flatMap((name) => entryOf(name) ?? []));
      // One spelling without the other is half an entry: a disk was full, or somebody took it away.
      for (const name of [...this.#held[side]].flatMap((address) => spellings(address)))
        if (!names.has(name)) writeFileSync(join(this.#root, side, name), '');
    }
  }

  /** Every address that has an entry. */
  get addresses(): Set<Address> {
    return new Set([...this.#held.ban, ...this.#held.allow]);
  }

  has(address: Address): boolean {
    return this.#held.ban.has(address) || this.#held.allow.has(address);
  }

  get size(): number {
    return this.#held.ban.size + this.#held.allow.size;
  }

  /**
   * Gives one address its entry, or none. A new entry stands before the old one goes: `ban` wins over `allow` inside
   * Caddy, so an address that becomes banned is never let through in between.
   */
  set(address: Address, side: LaneSide | undefined): void {
    if (side !== undefined && !this.#held[side].has(address)) {
      for (const name of spellings(address)) writeFileSync(join(this.#root, side, name), '');
      this.#held[side].add(address);
    }
    for (const other of ['ban', 'allow'] as const) {
      if (other === side || !this.#held[other].has(address)) continue;
      for (const name of spellings(address)) rmSync(join(this.#root, other, name), { force: true });
      this.#held[other].delete(address);
    }
  }

  /** Whether nobody else took entries away or added some. It costs two calls to the system while nothing changes. */
  isAsLeft(): boolean {
    return this.#isSideAsLeft('ban') && this.#isSideAsLeft('allow');
  }

  #isSideAsLeft(side: LaneSide): boolean {
    const folder = join(this.#root, side);
    const changedAt = statSync(folder, { bigint: true }).mtimeNs; // before it is read: what comes later is seen later
    if (changedAt === this.#seen[side]) return true;
    const held = this.#held[side];
    const found = readdirSync(folder).flatMap((name) => entryOf(name) ?? []);
    const expected = [...held].reduce((count, address) => count + spellings(address).length, 0);
    const isOurs = found.length === expected && found.every((address) => held.has(address));
    const ageMs = Date.now() - Number(changedAt / 1_000_000n);
    this.#seen[side] = isOurs && ageMs > TIME_STEP_MS ? changedAt : undefined;
    return isOurs;
  }

  /** Makes as many files as an entry takes, and removes them: a full folder still shows Caddy what is in it. */
  tryEntry(): void {
    const files = ['room-1', 'room-2'].map((name) => join(this.#root, 'proof', name));
    try {
      for (const file of files) writeFileSync(file, '');
    } finally {
      for (const file of files) rmSync(file, { force: true });
    }
  }

  /** Puts the file by which Caddy proves that it sees this folder, or takes it away. */
  setProof(name: string, isThere: boolean): void {
    const path = join(this.#root, 'proof', name);
    if (isThere) writeFileSync(path, '');
    else rmSync(path, { force: true });
  }
}

/** The address that Caddy would take a file for: it compares names letter by letter. */
function entryOf(name: string): Address | undefined {
  const address = parseAddress(name);
  return address !== undefined && spellings(address).includes(name) ? address : undefined;
}

/** A proxy that Caddy trusts may spell an IPv4 client in its IPv4-mapped form, which Caddy does not change. */
function spellings(address: Address): readonly string[] {
  return familyOf(address) === 4 ? [address, mappedForm(address)] : [address];
}
