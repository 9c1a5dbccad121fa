import { EventEmitter } from 'node:events';
import { z } from 'zod';
import type { Policy } from '../shared/domain/policy.ts';
import { type StoredSettings, storedSettingsSchema } from '../shared/domain/settings.ts';
import { type Prefix, parsePrefix } from '../shared/net/prefix.ts';
import type { RedisLink } from '../shared/redis/client.ts';
import { readWanted, restoreWanted } from '../shared/redis/wanted-store.ts';
import type { Logger } from '../shared/runtime/logger.ts';
import { reasonOf } from '../shared/runtime/reason.ts';
import type { Service } from '../shared/runtime/service.ts';
import type { StateDir } from './state-dir.ts';

const FILE = 'settings.json';
/** Commands over pub/sub can be lost; what they announce is looked at this often anyway. */
const LOOK_MS = 2_000;

const fileSchema = z.object({
  settings: storedSettingsSchema,
  /** Allowlist entries set in the page, prefix → their JSON. */
  allowlist: z.record(z.string(), z.string()),
});

type Known = z.infer<typeof fileSchema>;

export interface EffectiveSettings {
  readonly enabled: boolean;
  readonly policy: Policy;
  /** Names the last write, for whoever waits to see it take effect. */
  readonly change: string | undefined;
}

/**
 * What the operator wants: from Redis while it is there, else as last known, also over a restart of ours. A wiped
 * Redis gets back what it lost, so that a wipe never switches protection on or off.
 */
export class SettingsKeeper extends EventEmitter<{ change: []; wiped: [] }> implements Service {
  readonly name = 'settings';
  readonly #state: StateDir;
  readonly #redis: RedisLink | undefined;
  readonly #defaultPolicy: Policy;
  readonly #configuredAllowlist: readonly Prefix[];
  readonly #log: Logger;
  #known: Known;
  /** What is known is not all in the file. */
  #isFileBehind = false;
  #timer: NodeJS.Timeout | undefined;
  #allowed = 0;
  /** Why the last look failed, which is said once. */
  #trouble: string | undefined;
  #looking: Promise<void> = Promise.resolve();

  constructor(parts: {
    state: StateDir;
    redis: RedisLink | undefined;
    defaultPolicy: Policy;
    allowlist: readonly Prefix[];
    log: Logger;
  }) {
    super();
    this.#state = parts.state;
    this.#redis = parts.redis;
    this.#defaultPolicy = parts.defaultPolicy;
    this.#configuredAllowlist = parts.allowlist;
    this.#log = parts.log;
    this.#known = this.#readFile();
    this.#allowed = this.allowlist.length;
  }

  get current(): EffectiveSettings {
    const { enabled = true, policy = this.#defaultPolicy, change } = this.#known.settings;
    return { enabled, policy, change };
  }

  /** Every prefix that is never blocked: from the configuration and from the page. */
  get allowlist(): Prefix[] {
    const now = Date.now();
    const fromPage = Object.entries(this.#known.allowlist)
      .filter(([, entry]) => !hasRunOut(entry, now))
      .map(([prefix]) => parsePrefix(prefix));
    return [...this.#configuredAllowlist, ...fromPage.filter((prefix) => prefix !== undefined)];
  }

  start(): void {
    this.#redis?.on('up', () => void this.look());
    this.#timer = setInterval(() => {
      this.#watchExpiries();
      void this.look();
    }, LOOK_MS);
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.#looking;
  }

  /** Entries of the allowlist run out on their own, also while Redis is gone. */
  #watchExpiries(): void {
    const count = this.allowlist.length;
    if (count !== this.#allowed) this.emit('change');
    this.#allowed = count;
  }

  /** Reads what is wanted now; keeps what is known when Redis is gone. */
  async look(): Promise<void> {
    this.#looking = this.#looking.then(() => this.#look()).then(() => this.#keep());
    await this.#looking;
  }

  async #look(): Promise<void> {
    if (this.#redis?.isUp !== true) return;
    try {
      let wanted = await readWanted(this.#redis);
      if (this.#isWiped(wanted)) {
        await restoreWanted(this.#redis, this.#known);
        this.emit('wiped');
        wanted = await readWanted(this.#redis);
        if (this.#isWiped(wanted)) return; // once more: what it lacks is wanted all the same
      }
      const settings = { ...this.#known.settings, ...defined(wanted.settings) };
      this.#learn({ settings, allowlist: wanted.allowlist });
      this.#trouble = undefined;
    } catch (error) {
      const reason = reasonOf(error);
      if (reason === this.#trouble) return;
      this.#trouble = reason;
      this.#log.warn({ reason }, 'settings could not be read from Redis; keeping the last known ones');
    }
  }

  /** A bouncer that knew nothing may have been there first. Settings are replaced and never taken away. */
  #isWiped({ isFresh, settings }: Awaited<ReturnType<typeof readWanted>>): boolean {
    const kept = defined(settings);
    return isFresh || Object.keys(defined(this.#known.settings)).some((setting) => !(setting in kept));
  }

  #learn(known: Known): void {
    if (JSON.stringify(known) === JSON.stringify(this.#known)) return;
    this.#known = known;
    this.#isFileBehind = true;
    this.#allowed = this.allowlist.length;
    this.emit('change');
  }

  /** A folder that could not be written, or was full, is tried again at each look. */
  async #keep(): Promise<void> {
    if (this.#isFileBehind) this.#isFileBehind = !(await this.#state.write(FILE, JSON.stringify(this.#known)));
  }

  #readFile(): Known {
    const text = this.#state.read(FILE)?.toString('utf8');
    const nothing: Known = { settings: {}, allowlist: {} };
    if (text === undefined) return nothing;
    try {
      return fileSchema.parse(JSON.parse(text));
    } catch (error) {
      const reason = reasonOf(error);
      this.#log.warn({ reason, file: FILE }, 'the last known settings could not be read; Redis or the defaults apply');
      return nothing;
    }
  }
}

function defined(settings: StoredSettings): StoredSettings {
  return Object.fromEntries(Object.entries(settings).filter(([, value]) => value !== undefined));
}

function hasRunOut(entry: string, now: number): boolean {
  try {
    const { expires_at } = JSON.parse(entry) as { expires_at?: unknown };
    return typeof expires_at === 'string' && Date.parse(expires_at) <= now;
  } catch {
    return false;
  }
}
