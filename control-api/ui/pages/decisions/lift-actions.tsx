import { type Call, send } from '../../api/request.ts';
import type { ChangeReply, Lookup } from '../../api/wire.ts';
import { useAction } from '../../parts/action.ts';
import { CurlLine } from '../../parts/copy-line.tsx';
import { tellChange } from '../../parts/tell-change.ts';
import { unban, unbanPath } from './unban.ts';

const TRUSTS = [
  { title: '1 hour', duration: '1h' },
  { title: '1 day', duration: '1d' },
  { title: 'For good', duration: undefined },
] as const;

/** Unban, or unban and trust: otherwise the next false alarm bans the same person again. */
export function LiftActions({ lookup, onDone }: { readonly lookup: Lookup; readonly onDone: () => Promise<void> }) {
  const { address, decisions, verdict } = lookup;
  const { isBusy, run } = useAction();
  const values = [...new Set(decisions.map(({ value }) => value))];
  const lift = () =>
    run(async () => {
      for (const value of values) await unban(value);
      await onDone();
    });
  const trust = (duration: string | undefined) =>
    run(async () => {
      const body = {
        values: [address],
        reason: 'trusted from Live Decisions',
        ...(duration === undefined ? {} : { duration }),
      };
      const call: Call = { method: 'POST', path: '/allowlist', body };
      const reply = await send<ChangeReply>(call);
      for (const value of values.filter((known) => known === address)) await unban(value);
      tellChange(reply, { what: address, is: 'is trusted', confirmed: 'allowed again' }, { call });
      await onDone();
    });
  if (verdict !== 'banned') return null;
  return (
    <div class="stack">
      <div class="row">
        <button class="button primary" type="button" disabled={isBusy} onClick={lift}>
          {isBusy ? 'Waiting for Caddy' : values.length > 1 ? `Unban all ${values.length}` : `Unban ${values[0] ?? ''}`}
        </button>
        <span class="muted">or unban and trust {address}:</span>
        {TRUSTS.map(({ title, duration }) => (
          <button key={title} class="button small" type="button" disabled={isBusy} onClick={() => trust(duration)}>
            {title}
          </button>
        ))}
      </div>
      {values.slice(0, 1).map((value) => (
        <CurlLine key={value} title="Unban as a command" call={{ method: 'DELETE', path: unbanPath(value) }} />
      ))}
    </div>
  );
}
