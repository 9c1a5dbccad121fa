import { useId, useState } from 'preact/hooks';
import { signIn } from '../api/session.ts';
import type { Session } from '../api/wire.ts';
import { CopyLine } from '../parts/copy-line.tsx';
import { Dialog } from '../parts/dialog.tsx';
import { Note } from '../parts/note.tsx';

/** Everything needs the token. */
export function SignInPage({ session }: { readonly session: Session }) {
  return (
    <main class="sign-in">
      <div class="card stack">
        <div>
          <h1>Sign in</h1>
          <p class="muted">CrowdSec for the Caddy you already run</p>
        </div>
        <SignInForm session={session} onDone={() => undefined} />
      </div>
    </main>
  );
}

interface SignInDialogProps {
  readonly session: Session;
  readonly onEnd: (signedIn: boolean) => void;
}

/** Looking needs no token here; changing something does, from the first change on. */
export function SignInDialog({ session, onEnd }: SignInDialogProps) {
  return (
    <Dialog title="Sign in to make changes" onClose={() => onEnd(false)}>
      <SignInForm session={session} onDone={() => onEnd(true)} />
    </Dialog>
  );
}

function SignInForm({ session, onDone }: { readonly session: Session; readonly onDone: () => void }) {
  const id = useId();
  const [token, setToken] = useState('');
  const [problem, setProblem] = useState<string | undefined>(undefined);
  const [isBusy, setBusy] = useState(false);
  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    setBusy(true);
    const failed = await signIn(token.trim());
    setBusy(false);
    setProblem(failed);
    if (failed === undefined) onDone();
  };
  return (
    <form class="stack" onSubmit={(event) => void submit(event)}>
      <div class="field">
        <label for={id}>Token</label>
        <input
          id={id}
          class="input mono"
          type="password"
          autocomplete="current-password"
          autofocus
          required
          value={token}
          onInput={(event) => setToken(event.currentTarget.value)}
        />
      </div>
      {problem === undefined ? null : (
        <Note tone="bad" role="alert">
          {problem}
        </Note>
      )}
      <div>
        <button class="button primary" type="submit" disabled={isBusy}>
          Sign in
        </button>
      </div>
      <WhereIsIt session={session} />
    </form>
  );
}

/** First run: nobody has seen the token yet. */
function WhereIsIt({ session: { token_path: path } }: { readonly session: Session }) {
  if (path === undefined) {
    return (
      <p class="muted small">
        It is the value of <code>CONTROL_API_TOKEN</code> that the control API was started with.
      </p>
    );
  }
  return (
    <div class="stack">
      <p class="muted small">
        First time here? The control API made a token at its first start. On the machine that it runs on, this shows it:
      </p>
      <CopyLine text={`cat ${path}`} what="the command that shows the token" />
    </div>
  );
}
