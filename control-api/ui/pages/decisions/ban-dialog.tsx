import { useEffect, useId, useState } from 'preact/hooks';
import { ApiProblem, send } from '../../api/request.ts';
import type { BanPreview, BanReply } from '../../api/wire.ts';
import { useAction } from '../../parts/action.ts';
import { CurlLine } from '../../parts/copy-line.tsx';
import { Dialog } from '../../parts/dialog.tsx';
import { tell } from '../../parts/toasts.tsx';
import { counted } from '../../text/count.ts';
import { pastedAddresses } from '../../text/pasted-addresses.ts';
import { seconds } from '../../text/time.ts';
import { BanPreviewNote } from './ban-preview.tsx';
import { DurationChips } from './duration-chips.tsx';
import { liftAgain } from './unban.ts';

/** As the API takes them at once. */
const MOST_VALUES = 1_000;
const PAUSE_MS = 250;

interface BanDialogProps {
  readonly onClose: () => void;
  readonly onDone: () => Promise<void>;
}

export function BanDialog({ onClose, onDone }: BanDialogProps) {
  const id = useId();
  const [text, setText] = useState('');
  const [duration, setDuration] = useState('4h');
  const [reason, setReason] = useState('');
  const [isForced, setForced] = useState(false);
  const { isBusy, run } = useAction();
  const pasted = pastedAddresses(text).slice(0, MOST_VALUES);
  const preview = usePreview(pasted, isForced);
  const values = preview?.values ?? [];
  const body = {
    values,
    duration,
    ...(reason.trim() === '' ? {} : { reason: reason.trim() }),
    ...(isForced ? { force: true } : {}),
  };
  const ban = (event: SubmitEvent) => {
    event.preventDefault();
    run(async () => {
      const reply = await send<BanReply>({ method: 'POST', path: '/decisions', body });
      const words = `${counted(reply.added, 'address or range', 'addresses and ranges')} banned`;
      const outcome = reply.confirmed ? `Caddy confirmed it, ${seconds(reply.took_ms)}` : 'not confirmed by Caddy yet';
      const [missing] = reply.missing;
      tell(`${words}: ${outcome}`, {
        ...(missing === undefined ? {} : { hint: missing }),
        ...(reply.ids.length === 0 ? {} : { undo: () => liftAgain(reply.ids) }),
      });
      onClose();
      await onDone();
    });
  };
  return (
    <Dialog title="Ban addresses" isWide onClose={onClose}>
      <form class="stack" onSubmit={ban}>
        <div class="field">
          <label for={id}>Addresses and ranges</label>
          <textarea
            id={id}
            class="area"
            autofocus
            spellcheck={false}
            placeholder={'203.0.113.9\n198.51.100.0/24\n2001:db8[:]:5'}
            value={text}
            onInput={(event) => setText(event.currentTarget.value)}
          />
          <span class="help">
            Paste a list, a log or a mail: commas, brackets, ports and 1[.]2[.]3[.]4 are understood.
          </span>
        </div>
        <DurationChips value={duration} onChange={setDuration} />
        <label class="field">
          <span class="label">Reason</span>
          <input
            class="input"
            maxLength={200}
            placeholder="manual ban"
            value={reason}
            onInput={(event) => setReason(event.currentTarget.value)}
          />
        </label>
        {pasted.length === 0 ? null : <BanPreviewNote preview={preview} isForced={isForced} onForce={setForced} />}
        <div class="dialog-foot">
          <button class="button" type="button" onClick={onClose}>
            Cancel
          </button>
          <button class="button primary" type="submit" disabled={isBusy || values.length === 0}>
            {isBusy ? 'Waiting for Caddy' : values.length > 1 ? `Ban ${values.length}` : 'Ban'}
          </button>
        </div>
        {values.length === 0 ? null : <CurlLine call={{ method: 'POST', path: '/decisions', body }} />}
      </form>
    </Dialog>
  );
}

/** What the ban would do, asked of the API whenever the typing pauses. */
function usePreview(values: readonly string[], force: boolean): BanPreview | undefined {
  const [preview, setPreview] = useState<BanPreview | undefined>(undefined);
  const key = values.join('\n');
  useEffect(() => {
    setPreview(undefined);
    if (key === '') return undefined;
    const gone = new AbortController();
    const timer = setTimeout(() => {
      const body = { values: key.split('\n').map((value) => value.slice(0, 100)), force };
      send<BanPreview>({ method: 'POST', path: '/decisions?preview=true', body }, gone.signal)
        .then(setPreview)
        .catch((error: unknown) => {
          if (error instanceof ApiProblem) {
            setPreview({ ...NOTHING, summary: error.message });
          }
        });
    }, PAUSE_MS);
    return () => {
      clearTimeout(timer);
      gone.abort();
    };
  }, [key, force]);
  return preview;
}

const NOTHING: BanPreview = { summary: '', values: [], refused: [], allowlisted: [], already_banned: [] };
