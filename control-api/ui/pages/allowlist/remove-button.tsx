import { type Call, send } from '../../api/request.ts';
import type { AllowlistEntry, ChangeReply } from '../../api/wire.ts';
import { useAction } from '../../parts/action.ts';
import { tellChange } from '../../parts/tell-change.ts';
import { asDuration } from '../../text/time.ts';

interface RemoveButtonProps {
  readonly entry: AllowlistEntry;
  readonly onDone: () => Promise<void>;
}

/** Takes an entry off the list at once; ten seconds to put it back as it was. */
export function RemoveButton({ entry, onDone }: RemoveButtonProps) {
  const { isBusy, run } = useAction();
  const { value, reason, expires_at: until } = entry;
  const putBack = async () => {
    const duration = until === undefined ? {} : { duration: asDuration(Date.parse(until) - Date.now()) };
    await send({ method: 'POST', path: '/allowlist', body: { values: [value], reason, ...duration } });
    await onDone();
  };
  const remove = () =>
    run(async () => {
      const call: Call = { method: 'DELETE', path: `/allowlist?value=${encodeURIComponent(value)}` };
      const reply = await send<ChangeReply>(call);
      tellChange(reply, { what: value, is: 'is off the allowlist' }, { undo: putBack, call });
      await onDone();
    });
  return (
    <button class="button small" type="button" aria-label={`Remove ${value}`} disabled={isBusy} onClick={remove}>
      Remove
    </button>
  );
}
