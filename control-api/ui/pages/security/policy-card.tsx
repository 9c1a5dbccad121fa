import { useState } from 'preact/hooks';
import { send } from '../../api/request.ts';
import { useStatus } from '../../api/status.ts';
import type { ChangeReply, Status } from '../../api/wire.ts';
import { useAction } from '../../parts/action.ts';
import { CurlLine } from '../../parts/copy-line.tsx';
import { tell } from '../../parts/toasts.tsx';
import { seconds } from '../../text/time.ts';
import { Unfinished } from './unfinished.tsx';

const POLICIES = [
  {
    policy: 'enforce',
    title: 'Enforce',
    text: 'Requests of banned addresses are turned away by Caddy itself, before anything of yours sees them.',
  },
  {
    policy: 'monitor',
    title: 'Monitor',
    text: 'Nobody is turned away. The access log is marked, so that you can see who would be (Caddy 2.8 or later).',
  },
] as const;

export function PolicyCard({ status }: { readonly status: Status }) {
  const { reload } = useStatus();
  const { isBusy, run } = useAction();
  const [last, setLast] = useState<ChangeReply | undefined>(undefined);
  // What was just chosen stays chosen while Caddy is asked.
  const [chosen, setChosen] = useState<string | undefined>(undefined);
  const choose = (policy: (typeof POLICIES)[number]) => {
    setChosen(policy.policy);
    run(() => put(policy).finally(() => setChosen(undefined)));
  };
  const put = async (policy: (typeof POLICIES)[number]) => {
    const reply = await send<ChangeReply>({ method: 'PUT', path: '/policy', body: { policy: policy.policy } });
    setLast(reply);
    await reload();
    if (reply.confirmed) tell(`${policy.title}: Caddy confirmed it, ${seconds(reply.took_ms)}`);
  };
  const other = status.policy === 'enforce' ? 'monitor' : 'enforce';
  return (
    <section class="card stack" aria-labelledby="policy">
      <div>
        <h2 id="policy">What happens to a banned address</h2>
        <p class="muted">For every site that says nothing else in the Caddyfile.</p>
      </div>
      <div class="choices" role="radiogroup" aria-labelledby="policy">
        {POLICIES.map((known) => (
          <label class="choice" key={known.policy}>
            <input
              type="radio"
              name="policy"
              value={known.policy}
              checked={(chosen ?? status.policy) === known.policy}
              disabled={isBusy}
              onChange={() => choose(known)}
            />
            <span>
              <strong>{known.title}</strong>
              <span class="muted">{known.text}</span>
            </span>
          </label>
        ))}
      </div>
      <Unfinished reply={last} status={status} />
      <CurlLine call={{ method: 'PUT', path: '/policy', body: { policy: other } }} />
    </section>
  );
}
