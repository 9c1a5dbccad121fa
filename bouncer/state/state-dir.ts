import { randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import writeFileAtomic from 'write-file-atomic';
import type { Logger } from '../shared/runtime/logger.ts';
import { reasonOf } from '../shared/runtime/reason.ts';

/**
 * The bouncer's own folder: what must survive while Redis is gone. Files are written whole or not at all, and can be
 * read by this user only. A folder that cannot be written costs a warning, never the protection.
 */
export class StateDir {
  readonly path: string;
  readonly #log: Logger;
  #isMade = false;
  #isWarned = false;

  constructor(path: string, log: Logger) {
    this.path = path;
    this.#log = log;
    try {
      this.#make();
    } catch (error) {
      this.#warn(error);
    }
  }

  /** The file's bytes; undefined when there is none. */
  read(name: string): Buffer | undefined {
    try {
      return readFileSync(join(this.path, name));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') this.#warn(error);
      return undefined;
    }
  }

  /** A random word that is the same after a restart; a folder that cannot be used gives a new one each time. */
  secret(name: string): string {
    const known = this.read(name)?.toString('utf8').trim();
    if (known !== undefined && /^[0-9a-f]{32}$/.test(known)) return known;
    const fresh = randomBytes(16).toString('hex');
    void this.write(name, fresh);
    return fresh;
  }

  /** Never fails. @returns whether the file is there now: whoever keeps it tries again, the warning comes once. */
  async write(name: string, content: string | Buffer): Promise<boolean> {
    try {
      if (!this.#isMade) this.#make();
      await writeFileAtomic(join(this.path, name), content, { mode: 0o600 });
      this.#isWarned = false;
      return true;
    } catch (error) {
      this.#warn(error);
      return false;
    }
  }

  #make(): void {
    mkdirSync(this.path, { recursive: true, mode: 0o700 });
    this.#isMade = true;
  }

  #warn(error: unknown): void {
    if (this.#isWarned) return;
    this.#isWarned = true;
    const reason = reasonOf(error);
    this.#log.warn(
      { reason, STATE_DIR: this.path },
      'STATE_DIR cannot be used: a restart while LAPI and Redis are gone would start unprotected; give a folder that this user may write',
    );
  }
}
