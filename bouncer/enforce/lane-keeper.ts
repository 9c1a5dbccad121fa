import type { BanSet, LaneRoutes } from '../shared/domain/ruleset.ts';
import type { LaneStatus } from '../shared/domain/status.ts';
import type { Prefix } from '../shared/net/prefix.ts';
import type { Logger } from '../shared/runtime/logger.ts';
import { reasonOf } from '../shared/runtime/reason.ts';
import { HeldSet } from './held-set.ts';
import { type IsWanted, Lane } from './lane.ts';
import { LaneFolder } from './lane-folder.ts';
import { LaneProof } from './lane-proof.ts';

/** A single lost probe is not yet the end of the lane; two in a row are. */
const FAILURES_UNTIL_UNPROVEN = 2;

export interface LaneSettings {
  /** The folder of this Caddy's lane, as we see it and as Caddy sees it. */
  readonly root: string;
  readonly rootInCaddy: string;
  readonly probeUrl: string;
  /** Names the proof; kept over restarts, so that the same rules stay the same bytes. */
  readonly secret: string;
}

/**
 * One Caddy's lane: proven again and again, and trusted only as long as it is. Whatever goes wrong with it costs
 * reloads, never a wrong answer: rules without the lane are pushed, and the status says why.
 */
export class LaneKeeper {
  readonly #settings: LaneSettings;
  readonly #folder: LaneFolder;
  readonly #lane: Lane;
  readonly #proof: LaneProof;
  readonly #log: Logger;
  #latest: { readonly bans: BanSet; readonly held: HeldSet } | undefined;
  #isProven = false;
  #isOpen = false;
  #failures = 0;
  #wasMeddledWith = false;
  #reason: string | undefined = 'not proven yet';
  /** Whether the rules that Caddy was last seen to hold ask the lane. */
  #isCompiled = false;

  constructor(settings: LaneSettings, isWanted: IsWanted, now: () => number, log: Logger) {
    this.#settings = settings;
    this.#folder = new LaneFolder(settings.root);
    this.#lane = new Lane(this.#folder, isWanted, now);
    this.#proof = new LaneProof(this.#folder, settings.secret, settings.probeUrl);
    this.#log = log;
  }

  close(): Promise<void> {
    return this.#proof.close();
  }

  get routes(): LaneRoutes {
    return { root: this.#settings.rootInCaddy, secret: this.#settings.secret, isActive: this.#isProven };
  }

  get status(): LaneStatus {
    const isInUse = this.#isProven && this.#isCompiled;
    return {
      state: isInUse ? 'proven' : this.#isProven ? 'joining' : 'unproven',
      entries: this.#lane.size,
      reason: this.#reason,
    };
  }

  /** Whether Caddy holds rules that fit the lane's state; if not, a push is due. */
  get isCompiled(): boolean {
    return this.#isCompiled === this.#isProven;
  }

  /** Whether the lane alone makes Caddy do what is wanted now. */
  get suffices(): boolean {
    return this.#isProven && this.#isCompiled && this.#lane.suffices;
  }

  get isDue(): boolean {
    return this.#isCompiled && this.#lane.isDue;
  }

  touch(prefix: Prefix): void {
    this.#lane.touch(prefix);
  }

  /** Writes what changed, at once; while a push is under way, too. */
  write(): void {
    if (!this.#isOpen || !this.#isProven) return;
    try {
      this.#lane.write();
    } catch (error) {
      this.#lose(reasonOf(error));
    }
  }

  /** Rules with these bans are being pushed, with the lane as `routes` said. */
  pushing(bans: BanSet): void {
    this.#lane.pushing(this.#heldOf(bans));
    this.write();
  }

  /** Caddy was read back to hold them. */
  confirmed(bans: BanSet, routes: LaneRoutes): void {
    this.#isCompiled = routes.isActive;
    this.#lane.confirmed(this.#heldOf(bans));
    this.write();
  }

  /** Caddy did not take them: it was not asked, or refused. */
  abandoned(): void {
    this.#lane.abandoned();
    this.write();
  }

  /** One object for one set of bans: the lane tells a new compilation from the old one seen again by it. */
  #heldOf(bans: BanSet): HeldSet {
    if (this.#latest?.bans !== bans) this.#latest = { bans, held: new HeldSet(bans) };
    return this.#latest.held;
  }

  /** Somebody else changed what Caddy holds. */
  unknown(): void {
    this.#lane.unknown();
  }

  /** Proves the lane once more. @returns whether that changed anything. */
  async check(): Promise<boolean> {
    const was = this.#isProven;
    const problem = this.#open() ?? this.#look() ?? (await this.#ask()) ?? this.#lostMeanwhile;
    if (problem === undefined) {
      this.#failures = 0;
      this.#reason = undefined;
      this.#isProven = true;
      if (!was) this.#log.info('Caddy sees the lane: single bans need no reload');
    } else if (++this.#failures >= FAILURES_UNTIL_UNPROVEN || !was) this.#lose(problem);
    return this.#isProven !== was;
  }

  #open(): string | undefined {
    if (this.#isOpen) return undefined;
    try {
      this.#folder.open();
      this.#lane.reopened();
      this.#isOpen = true;
      return undefined;
    } catch (error) {
      return `LANE_DIR cannot be used: ${reasonOf(error)}`;
    }
  }

  /** What the proof does not see: somebody emptied the folder file by file, or there is no room for another entry. */
  #look(): string | undefined {
    try {
      const isMeddledWith = !this.#folder.isAsLeft();
      if (isMeddledWith) {
        if (!this.#wasMeddledWith) this.#log.warn('somebody else changed the entries of the lane; they are put right');
        this.#folder.open();
        this.#lane.reopened();
        this.#lane.write();
      }
      this.#wasMeddledWith = isMeddledWith;
      this.#folder.tryEntry();
      return undefined;
    } catch (error) {
      const reason = `LANE_DIR cannot be used: ${reasonOf(error)}`;
      this.#lose(reason);
      return reason;
    }
  }

  async #ask(): Promise<string | undefined> {
    const proof = await this.#proof.prove();
    return proof.kind === 'proven' ? undefined : proof.reason;
  }

  /** A change that could not be written while Caddy was asked: what Caddy then saw of the folder proves nothing. */
  get #lostMeanwhile(): string | undefined {
    return this.#isOpen ? undefined : this.#reason;
  }

  #lose(reason: string): void {
    if (this.#isProven || this.#reason !== reason)
      this.#log.warn({ reason }, 'the lane is not in use; bans go through pushes');
    this.#isProven = this.#isOpen = false; // opened anew, the folder says what it really holds
    this.#reason = reason;
  }
}
