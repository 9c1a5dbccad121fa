import { useState } from 'preact/hooks';
import { type Call, send } from '../../api/request.ts';
import type { BanDrill, DrillStep } from '../../api/wire.ts';
import { useAction } from '../../parts/action.ts';
import { CurlLine } from '../../parts/copy-line.tsx';
import { Note } from '../../parts/note.tsx';
import { plain } from '../../text/plain.ts';
import { seconds } from '../../text/time.ts';

const CALL: Call = { method: 'POST', path: '/diagnostics/drill' };

/** Named for what it shows: that a ban reaches Caddy. Whether attacks are found is another question, answered below. */
export function Drill() {
  const { isBusy, run } = useAction();
  const [result, setResult] = useState<BanDrill | undefined>(undefined);
  const rehearse = () =>
    run(async () => {
      setResult(undefined);
      setResult(await send<BanDrill>(CALL));
    });
  return (
    <section class="card stack" aria-labelledby="drill">
      <div class="row spread">
        <div>
          <h2 id="drill">Rehearse a ban</h2>
          <p class="muted">
            Bans an address that no visitor has, waits until every Caddy says that it blocks it, and lifts it again.
          </p>
        </div>
        <button class="button" type="button" disabled={isBusy} onClick={rehearse}>
          {isBusy ? <span class="spinner" aria-hidden="true" /> : null}
          {isBusy ? 'Waiting for Caddy' : 'Rehearse now'}
        </button>
      </div>
      {result === undefined ? null : (
        <Note tone={result.proven ? 'good' : 'bad'} role="status">
          <p>
            <strong>
              {result.proven
                ? `Bans reach Caddy: ${result.address} was blocked after ${seconds(result.ban.took_ms)}, and let in again after ${seconds(result.lift.took_ms)}.`
                : `The ban of ${result.address} did not go all the way.`}
            </strong>
          </p>
          {result.ban.caddies.map(({ admin, took_ms: banMs }) => (
            <p key={admin}>
              Caddy at <code>{plain(admin)}</code>: {atCaddy('blocked', 'not seen to block', banMs)},{' '}
              {atCaddy('let in again', 'not seen to let in', liftTime(result, admin))}.
            </p>
          ))}
          <Missing what="Banning" step={result.ban} />
          <Missing what="Lifting" step={result.lift} />
        </Note>
      )}
      <CurlLine call={CALL} />
    </section>
  );
}

function liftTime({ lift }: BanDrill, admin: string): number | null {
  return lift.caddies.find((caddy) => caddy.admin === admin)?.took_ms ?? null;
}

function atCaddy(done: string, otherwise: string, tookMs: number | null): string {
  return tookMs === null ? otherwise : `${done} after ${seconds(tookMs)}`;
}

function Missing({ what, step: { confirmed, missing } }: { readonly what: string; readonly step: DrillStep }) {
  if (confirmed) return null;
  return (
    <p>
      {what}: {plain(missing.join('; ') || 'not confirmed by every Caddy')}
    </p>
  );
}
