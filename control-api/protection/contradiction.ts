import type { StoredSettings } from '../../bouncer/shared/domain/settings.ts';

/** What a change sets; nothing where it is about the allowlist. */
export type Patch = Pick<StoredSettings, 'enabled' | 'policy'>;

/** What Redis says now. */
export type Standing = StoredSettings & { readonly isFresh: boolean };

/** What was done since against that which was written along with a patch, in a sentence. */
export type Undone = () => Promise<string | undefined>;

/**
 * What was wanted since against a change, in a sentence; undefined while it still holds. What a wipe took says nothing:
 * the bouncers give it back.
 */
export async function contradiction(patch: Patch, now: Standing, undone: Undone): Promise<string | undefined> {
  if (isAgainst(patch.enabled, now.enabled)) {
    return changedAgain(`protection is switched ${now.enabled === true ? 'on' : 'off'} now`);
  }
  if (isAgainst(patch.policy, now.policy)) return changedAgain(`the policy is ${now.policy} now`);
  return now.isFresh ? undefined : undone();
}

function isAgainst<Value>(set: Value | undefined, now: Value | undefined): boolean {
  return set !== undefined && now !== undefined && set !== now;
}

export function changedAgain(what: string): string {
  return `it was changed again meanwhile: ${what}; do it once more if it is still wanted`;
}
