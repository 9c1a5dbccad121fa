import { EventEmitter } from 'node:events';
import type { DecisionStore } from '../decisions/store.ts';
import { IpSet } from '../ipset/ip-set.ts';
import type { BanAction, BanSet, Ruleset } from '../shared/domain/ruleset.ts';
import type { Address, Prefix } from '../shared/net/prefix.ts';
import type { EffectiveSettings } from '../state/settings-keeper.ts';
import { buildBanSet } from './ruleset.ts';

/** What every Caddy should hold now. */
export interface Desired {
  /** Grows with every change of what is wanted: two equal versions are the same wish. */
  readonly version: number;
  /** Grows with every change of settings or allowlist, which only a push can bring to Caddy. */
  readonly wishVersion: number;
  /** Undefined when protection is off: our rules are then taken out. */
  readonly ruleset: Ruleset | undefined;
  /** Names the settings that led here; see `StoredSettings.change`. */
  readonly change: string | undefined;
  /** Nothing is known for certain yet: rules may be put where there are none, and none may be taken away. */
  readonly addOnly: boolean;
}

/** The wish with its bans computed now, so that what is pushed and what the lane believes are the same set. */
export function fixed(desired: Desired): Desired {
  return desired.ruleset === undefined ? desired : { ...desired, ruleset: { ...desired.ruleset } };
}

/** The size of a ban set, list by list. */
export type BanCounts = Readonly<Record<keyof BanSet, number>>;

interface Wishes {
  readonly settings: () => EffectiveSettings;
  readonly allowlist: () => readonly Prefix[];
  readonly action: BanAction;
  readonly logBlocked: Ruleset['logBlocked'];
}

/**
 * Brings decisions, allowlist and settings together into one wish, computed when somebody asks for it: a flood of
 * decisions between two pushes costs one computation.
 */
export class DesiredState extends EventEmitter<{ change: [isUrgent: boolean] }> {
  readonly #store: DecisionStore;
  readonly #wishes: Wishes;
  #version = 1;
  #wishVersion = 1;
  #announced = 0;
  #generation = -1;
  #allowlist = new IpSet();
  #allowlistText = '';
  #settingsText = '';
  /** Of the current wish, once somebody has asked for it. */
  #bans: BanSet | undefined;
  #lastCounts: BanCounts | undefined;
  #isComplete = false;
  #isKnown = false;

  constructor(store: DecisionStore, wishes: Wishes) {
    super();
    this.#store = store;
    this.#wishes = wishes;
    this.#look();
  }

  /** A set was restored that may be old: good enough to protect with, not to lift anything. */
  restored(): void {
    this.#isKnown = true;
    this.#version++;
    this.changed();
  }

  /** LAPI said everything: from now on what is not wanted is taken away. */
  completed(): void {
    if (!this.#isComplete) this.#version++;
    this.#isComplete = this.#isKnown = true;
    this.changed();
  }

  /** Call it after every change of decisions, allowlist or settings: tells who must act, if anybody must. */
  changed(): void {
    const before = this.#announced;
    const isUrgent = this.#look();
    this.#announced = this.#version;
    if (this.#version !== before) this.emit('change', isUrgent);
  }

  get isComplete(): boolean {
    return this.#isComplete;
  }

  /** Undefined until there is anything to say: a Caddy that nobody knows anything about is left alone. */
  get current(): Desired | undefined {
    const { enabled, policy, change } = this.#wishes.settings();
    const version = this.#version;
    const wishVersion = this.#wishVersion;
    if (!enabled) return { version, wishVersion, ruleset: undefined, change, addOnly: false };
    if (!this.#isKnown) return undefined;
    const { action, logBlocked } = this.#wishes;
    const bans = () => this.bans;
    const ruleset = {
      // Computed when it is read: with a lane, most changes never need it.
      get bans() {
        return bans();
      },
      policy,
      action,
      logBlocked,
    };
    return { version, wishVersion, ruleset, change, addOnly: !this.#isComplete };
  }

  get bans(): BanSet {
    if (this.#bans === undefined) {
      this.#bans = buildBanSet(this.#store.banned, this.#allowlist);
      this.#lastCounts = countsOf(this.#bans);
    }
    return this.#bans;
  }

  /** Of the set as it was last computed; what changed since is in the lanes. */
  get lastCounts(): BanCounts {
    return this.#lastCounts ?? countsOf(this.bans);
  }

  /**
   * Whether this address is to be blocked, whatever policy then applies. Undefined until LAPI said everything: a
   * restored set lacks what was banned since, and still has what was lifted.
   */
  blocks(address: Address): boolean | undefined {
    if (!this.#wishes.settings().enabled) return false;
    if (!this.#isComplete) return undefined;
    return this.#store.banned.contains(address) && !this.#allowlist.contains(address);
  }

  /** Allowlist entries that cover this prefix. */
  allowedBy(prefix: Prefix): Prefix[] {
    return this.#allowlist.coverings(prefix);
  }

  /** Sees what changed since the last look. @returns whether a person waits for it. */
  #look(): boolean {
    const allowlist = this.#wishes.allowlist();
    const allowlistText = allowlist.join();
    const settingsText = JSON.stringify(this.#wishes.settings());
    const isNewAllowlist = allowlistText !== this.#allowlistText;
    const isNewSetting = settingsText !== this.#settingsText;
    const isNewSet = this.#store.generation !== this.#generation;
    if (isNewAllowlist) this.#allowlist = IpSet.from(allowlist);
    if (isNewAllowlist || isNewSet) this.#bans = undefined;
    if (isNewAllowlist || isNewSetting || isNewSet) this.#version++;
    if (isNewAllowlist || isNewSetting) this.#wishVersion++;
    this.#allowlistText = allowlistText;
    this.#settingsText = settingsText;
    this.#generation = this.#store.generation;
    return isNewAllowlist || isNewSetting;
  }
}

function countsOf({ addresses, ranges, exceptions }: BanSet): BanCounts {
  return { addresses: addresses.length, ranges: ranges.length, exceptions: exceptions.length };
}
