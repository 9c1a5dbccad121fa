import type { CaddyRound, RoundOutcome } from '../../bouncer/enforce/caddy-round.ts';
import type { Desired } from '../../bouncer/enforce/desired.ts';
import type { Held } from '../../bouncer/enforce/held.ts';
import type { Presence } from '../../bouncer/enforce/load-watch.ts';

const HELD: Held = {
  revision: 'abc',
  servers: 1,
  entries: 1,
  byKind: { address: 1, range: 0, exception: 0 },
  version: '2.8 or newer',
  warnings: [],
  sites: [],
  refused: [],
  isKept: false,
};

type Mood = 'well' | 'gone' | 'busy' | 'without http' | 'broken' | { readonly refuses: string };

/** A Caddy as the reconciler sees it: it takes wishes as versions, and can be in every mood that a real one can. */
export class FakeCaddyRound {
  mood: Mood = 'well';
  /** How long a push takes. */
  pushMs = 0;
  /** The version that it holds; undefined after somebody took the rules out. */
  holds: number | undefined;
  /** Every push, with the time at which it was written. */
  readonly pushes: { readonly at: number; readonly version: number }[] = [];
  /** How often everything was read, whether or not anything was written. */
  rounds = 0;
  looks = 0;
  /** It holds rules of an earlier run, and keeps them as long as nothing is certain. */
  hasOldRules = false;
  /** Somebody else had it load a config, in which our rules are as they were. */
  hasNewConfig = false;
  readonly desired: Desired[] = [];
  #refused: number | undefined;
  #end: (() => void) | undefined;

  /** The same, as the type of the real one. */
  get asRound(): CaddyRound {
    return this as unknown as CaddyRound;
  }

  async run(desired: Desired): Promise<RoundOutcome> {
    this.rounds++;
    this.desired.push(desired);
    switch (this.mood) {
      case 'gone':
        return { kind: 'unreachable', message: 'Caddy is gone' };
      case 'busy':
        return { kind: 'busy' };
      case 'broken':
        throw new Error('a broken invariant');
      case 'without http':
        return { kind: 'no_http_app', held: HELD };
      case 'well':
        if (this.hasOldRules && desired.addOnly) return { kind: 'in_sync', held: { ...HELD, isKept: true } };
        return this.holds === desired.version ? { kind: 'in_sync', held: HELD } : this.#push(desired.version);
      default: {
        const isNew = this.#refused !== desired.version;
        this.#refused = desired.version;
        return { kind: 'rejected', message: this.mood.refuses, isNew };
      }
    }
  }

  isInPlace(): Promise<Presence> {
    this.looks++;
    if (this.mood === 'gone') return Promise.resolve({ kind: 'unreachable', message: 'Caddy is gone' });
    const isThere = this.holds !== undefined || this.hasOldRules || this.mood === 'without http';
    const isAnew = this.hasNewConfig;
    this.hasNewConfig = false;
    return Promise.resolve({ kind: !isThere ? 'drifted' : isAnew ? 'in_place_anew' : 'in_place' });
  }

  /** Ends a push under way, as the real one does. */
  close(): Promise<void> {
    this.#end?.();
    return Promise.resolve();
  }

  async #push(version: number): Promise<RoundOutcome> {
    const isDone = await new Promise<boolean>((resolve) => {
      this.#end = () => resolve(false);
      if (this.pushMs === 0) resolve(true);
      else setTimeout(() => resolve(true), this.pushMs);
    });
    if (!isDone) return { kind: 'unreachable', message: 'closed' };
    this.holds = version;
    this.pushes.push({ at: performance.now(), version });
    return { kind: 'in_sync', held: HELD, pushMs: this.pushMs };
  }
}
