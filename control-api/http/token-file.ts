import { randomBytes } from 'node:crypto';
import { chmodSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Secret } from '../../bouncer/shared/runtime/secret.ts';

const LEAST_LENGTH = 16;

/**
 * The token of a start without CONTROL_API_TOKEN: kept over restarts in a file that only this user can read, so
 * that whoever can read it may change things, and a web page or another user of the machine cannot.
 */
export function generatedToken(stateDir: string): { readonly token: Secret; readonly path: string } {
  const path = join(stateDir, 'control-api-token');
  mkdirSync(stateDir, { recursive: true, mode: 0o700 });
  const known = readToken(path);
  if (known !== undefined) {
    chmodSync(path, 0o600);
    return { token: new Secret(known), path };
  }
  const fresh = randomBytes(32).toString('base64url');
  // Written beside and renamed: a crash half-way must not leave half a token.
  const draft = `${path}.${process.pid}`;
  writeFileSync(draft, `${fresh}\n`, { mode: 0o600 });
  renameSync(draft, path);
  return { token: new Secret(fresh), path };
}

function readToken(path: string): string | undefined {
  try {
    const text = readFileSync(path, 'utf8').trim();
    return text.length >= LEAST_LENGTH ? text : undefined;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
