import { useId, useState } from 'preact/hooks';
import { send } from '../../api/request.ts';
import type { ChangeReply } from '../../api/wire.ts';
import { useAction } from '../../parts/action.ts';
import { CurlLine } from '../../parts/copy-line.tsx';
import { tellChange } from '../../parts/tell-change.ts';
import { counted } from '../../text/count.ts';
import { pastedAddresses } from '../../text/pasted-addresses.ts';

const DURATIONS = [
  { title: 'for good', value: '' },
  { title: 'for 1 hour', value: '1h' },
  { title: 'for 1 day', value: '1d' },
  { title: 'for 30 days', value: '30d' },
] as const;

export function AllowForm({ onDone }: { readonly onDone: () => Promise<void> }) {
  const [id, reasonId] = [useId(), useId()];
  const [text, setText] = useState('');
  const [reason, setReason] = useState('');
  const [duration, setDuration] = useState('');
  const { isBusy, run } = useAction();
  const values = pastedAddresses(text);
  const body = {
    values,
    ...(reason.trim() === '' ? {} : { reason: reason.trim() }),
    ...(duration === '' ? {} : { duration }),
  };
  const add = (event: SubmitEvent) => {
    event.preventDefault();
    run(async () => {
      const reply = await send<ChangeReply>({ method: 'POST', path: '/allowlist', body });
      tellChange(reply, { what: counted(values.length, 'entry', 'entries'), is: 'on the allowlist' });
      setText('');
      setReason('');
      await onDone();
    });
  };
  return (
    <form class="card stack" onSubmit={add}>
      <div class="allow-form">
        <div class="field">
          <label for={id}>Address or range</label>
          <input
            id={id}
            class="input mono"
            placeholder="203.0.113.9, 198.51.100.0/24"
            value={text}
            onInput={(event) => setText(event.currentTarget.value)}
          />
        </div>
        <div class="field">
          <label for={reasonId}>Why</label>
          <input
            id={reasonId}
            class="input"
            placeholder="the office"
            maxLength={200}
            value={reason}
            onInput={(event) => setReason(event.currentTarget.value)}
          />
        </div>
        <div class="row">
          <select
            class="select"
            aria-label="For how long"
            value={duration}
            onChange={(event) => setDuration(event.currentTarget.value)}
          >
            {DURATIONS.map(({ title, value }) => (
              <option key={value} value={value}>
                {title}
              </option>
            ))}
          </select>
          <button class="button primary" type="submit" disabled={isBusy || values.length === 0}>
            {isBusy ? 'Waiting for Caddy' : 'Never block'}
          </button>
        </div>
      </div>
      {values.length === 0 ? null : <CurlLine call={{ method: 'POST', path: '/allowlist', body }} />}
    </form>
  );
}
