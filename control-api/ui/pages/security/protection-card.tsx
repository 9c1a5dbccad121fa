import { useState } from 'preact/hooks';
import { send } from '../../api/request.ts';
import { useStatus } from '../../api/status.ts';
import type { ChangeReply, Status } from '../../api/wire.ts';
import { useAction } from '../../parts/action.ts';
import { CurlLine } from '../../parts/copy-line.tsx';
import { useNow } from '../../parts/now.ts';
import { Tag } from '../../parts/tag.tsx';
import { tell } from '../../parts/toasts.tsx';
import { headline } from '../../text/headline.ts';
import { plain } from '../../text/plain.ts';
import { seconds } from '../../text/time.ts';
import { Unfinished } from './unfinished.tsx';

/** The switch. It shows what is wanted; the words beside it say what is. */
export function ProtectionCard({ status }: { readonly status: Status }) {
  const { reload } = useStatus();
  const { isBusy, run } = useAction();
  const [last, setLast] = useState<ChangeReply | undefined>(undefined);
  const now = useNow();
  const state = headline(status, now);
  const turn = (enabled: boolean) =>
    run(async () => {
      const reply = await send<ChangeReply>({ method: 'PUT', path: '/enabled', body: { enabled } });
      setLast(reply);
      await reload();
      const outcome = enabled ? 'Protection is on' : 'Protection is off';
      if (reply.confirmed) tell(`${outcome}: Caddy confirmed it, ${seconds(reply.took_ms)}`);
    });
  return (
    <section class="card stack" aria-labelledby="protection">
      <div class="toggle-line">
        <div>
          <h2 id="protection">CrowdSec Protection</h2>
          <p class="muted">
            Starts by itself after every restart, for as long as it is on. Switching it off lets everybody in at once.
          </p>
        </div>
        <button
          class="switch"
          type="button"
          role="switch"
          aria-checked={status.enabled}
          aria-label="CrowdSec Protection"
          disabled={isBusy}
          onClick={() => turn(!status.enabled)}
        />
      </div>
      <div class="row" role="status">
        {isBusy ? (
          <>
            <span class="spinner" aria-hidden="true" />
            <span>Waiting for Caddy to confirm</span>
          </>
        ) : (
          <>
            <Tag tone={state.tone}>{state.state}</Tag>
            <span>
              {state.title}
              <span class="muted"> · {plain(state.detail)}</span>
            </span>
          </>
        )}
      </div>
      <Unfinished reply={last} status={status} />
      <CurlLine call={{ method: 'PUT', path: '/enabled', body: { enabled: !status.enabled } }} />
    </section>
  );
}
