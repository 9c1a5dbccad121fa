import { ApiProblem, type Call, send } from '../../api/request.ts';
import { useAction } from '../../parts/action.ts';
import { CurlLine } from '../../parts/copy-line.tsx';
import { tell, tellProblem } from '../../parts/toasts.tsx';

const CALL: Call = { method: 'POST', path: '/console/heartbeat' };

export function HeartbeatButton({ onDone }: { readonly onDone: () => void }) {
  const { isBusy, run } = useAction();
  const force = () =>
    run(async () => {
      try {
        const { latency_ms: latency } = await send<{ latency_ms: number }>(CALL);
        tell(`The Central API answered, ${latency} ms`);
      } catch (error) {
        if (!(error instanceof ApiProblem)) throw error;
        tellProblem(error);
      }
      onDone();
    });
  return (
    <section class="card row spread" aria-label="Heartbeat">
      <div>
        <h2>Engine shows “Offline” in the Console?</h2>
        <p class="muted">
          A heartbeat tells the Console that it lives, and puts right what is known of the enrollment.
        </p>
        <CurlLine call={CALL} />
      </div>
      <button class="button" type="button" disabled={isBusy} onClick={force}>
        Force a heartbeat
      </button>
    </section>
  );
}
