import { Store } from '../store.ts';
import type { ProblemBody, Session } from './wire.ts';

const PATH = '/api/v1/session';

/** undefined until the API was asked. */
export const session = new Store<Session | undefined>(undefined);

/** Somebody waits for the sign-in dialog to end. */
export const tokenWanted = new Store<((signedIn: boolean) => void) | undefined>(undefined);

export async function loadSession(): Promise<void> {
  const response = await fetch(PATH, { credentials: 'same-origin' });
  if (response.ok) session.set((await response.json()) as Session);
}

/** @returns what went wrong, in words; undefined when signed in. */
export async function signIn(token: string): Promise<string | undefined> {
  try {
    const response = await fetch(PATH, {
      method: 'POST',
      credentials: 'same-origin',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ token }),
    });
    if (response.ok) {
      session.set((await response.json()) as Session);
      return undefined;
    }
    const problem = (await response.json().catch(() => undefined)) as ProblemBody | undefined;
    return problem?.code === 'wrong_token' ? 'That is not the token of this API.' : (problem?.detail ?? 'It failed.');
  } catch {
    return 'The control API does not answer.';
  }
}

export async function signOut(): Promise<void> {
  const response = await fetch(PATH, { method: 'DELETE', credentials: 'same-origin' }).catch(() => undefined);
  if (response?.ok === true) session.set((await response.json()) as Session);
}

/** Shows the sign-in dialog, or joins the one that is open. */
export function askForToken(): Promise<boolean> {
  const known = session.value;
  if (known !== undefined) session.set({ ...known, signed_in: false });
  return new Promise((resolve) => {
    const waiting = tokenWanted.value;
    tokenWanted.set((signedIn) => {
      waiting?.(signedIn);
      tokenWanted.set(undefined);
      resolve(signedIn);
    });
  });
}

/** For forms that ask the API while they are filled in: the token first, not half-way. */
export function whenSignedIn(): Promise<boolean> {
  return session.value?.signed_in === true ? Promise.resolve(true) : askForToken();
}
