import { useState } from 'preact/hooks';
import { useResource } from '../../api/resource.ts';
import { useStatus } from '../../api/status.ts';
import { useAction } from '../../parts/action.ts';
import { CurlLine } from '../../parts/copy-line.tsx';
import { Icon, type IconName } from '../../parts/icon.tsx';
import { Note, ProblemNote } from '../../parts/note.tsx';
import { PageHead } from '../../parts/page-head.tsx';
import { Tag } from '../../parts/tag.tsx';
import { tell } from '../../parts/toasts.tsx';
import { chainOf, type Connectivity, firstBroken, type ConfigChecks, type Link } from '../../text/chain.ts';
import { plain } from '../../text/plain.ts';
import { report } from '../../text/report.ts';
import { Drill } from './drill.tsx';
import { HeartbeatButton } from './heartbeat-button.tsx';
import { SelfTest } from './self-test.tsx';

export function DiagnosticsPage() {
  const connectivity = useResource<Connectivity>('/diagnostics/connectivity');
  const config = useResource<ConfigChecks>('/diagnostics/config');
  const status = useStatus();
  const { isBusy, run } = useAction();
  const [copied, setCopied] = useState<string | undefined>(undefined);
  const problem = connectivity.problem ?? config.problem;
  const isComplete = connectivity.data !== undefined && config.data !== undefined;
  const chain = isComplete ? chainOf(connectivity.data, config.data) : undefined;
  const again = () =>
    run(async () => {
      await Promise.all([connectivity.reload(), config.reload()]);
    });
  const copyReport = async () => {
    if (chain === undefined) return;
    const text = report(chain, status.data, new Date());
    try {
      await navigator.clipboard.writeText(text);
      tell('The report is copied. It names no secrets.');
    } catch {
      setCopied(text); // no clipboard without HTTPS: then it is shown
    }
  };
  return (
    <>
      <PageHead
        title="Diagnostics"
        actions={
          <>
            <button class="button" type="button" disabled={chain === undefined} onClick={() => void copyReport()}>
              <Icon name="copy" />
              Copy report
            </button>
            <button class="button primary" type="button" disabled={isBusy} onClick={again}>
              {isBusy ? <span class="spinner" aria-hidden="true" /> : <Icon name="refresh" />}
              Check again
            </button>
          </>
        }
      >
        From the request to the block, each link stands on the one before. The first broken one is the one to mend.
      </PageHead>
      <div class="stack">
        {problem === undefined ? null : <ProblemNote problem={problem} />}
        {chain === undefined ? problem === undefined && <Waiting /> : <Chain chain={chain} />}
        {copied === undefined ? null : <textarea class="area" readOnly rows={14} value={copied} aria-label="Report" />}
        <Drill />
        <SelfTest />
        <HeartbeatButton onDone={again} />
        <CurlLine call={{ method: 'GET', path: '/diagnostics/config' }} />
      </div>
    </>
  );
}

function Waiting() {
  return (
    <div class="card row" role="status">
      <span class="spinner" aria-hidden="true" />
      Checking every link; the Central API may take some seconds.
    </div>
  );
}

function Chain({ chain }: { readonly chain: readonly Link[] }) {
  const broken = firstBroken(chain);
  const warnings = chain.filter(({ status }) => status === 'warning').length;
  return (
    <>
      {broken === undefined ? (
        <Note tone={warnings === 0 ? 'good' : 'warn'}>
          <strong>
            {warnings === 0
              ? 'Every link holds.'
              : `Every link holds; ${warnings === 1 ? 'one deserves' : `${warnings} deserve`} a look.`}
          </strong>
        </Note>
      ) : (
        <Note tone={broken.isNear ? 'bad' : 'warn'}>
          <p>
            <strong>
              {broken.isNear ? `Mend this first: ${broken.title}.` : 'Blocking works. What is missing is the internet:'}{' '}
              {plain(broken.message)}
            </strong>
          </p>
          {broken.hint === undefined ? null : <p>{plain(broken.hint)}</p>}
        </Note>
      )}
      <section class="card" aria-label="The chain">
        <h2 class="out-of-sight">The chain</h2>
        <ol class="steps chain">
          {chain.map((link) => (
            <ChainLink key={link.id} link={link} />
          ))}
        </ol>
      </section>
    </>
  );
}

const MARKS: Readonly<
  Record<Link['status'], { tone: 'good' | 'warn' | 'bad' | 'idle'; icon: IconName; word: string }>
> = {
  ok: { tone: 'good', icon: 'check', word: 'holds' },
  warning: { tone: 'warn', icon: 'alert', word: 'deserves a look' },
  failed: { tone: 'bad', icon: 'cross', word: 'broken' },
  skipped: { tone: 'idle', icon: 'skip', word: 'not checked' },
};

function ChainLink({ link: { title, status, message, hint, latencyMs } }: { readonly link: Link }) {
  const { tone, icon, word } = MARKS[status];
  return (
    <li class="step" data-tone={tone}>
      <span class="step-mark">
        <Icon name={icon} />
      </span>
      <div class="step-body">
        <h3 class="row">
          {title}
          <span class="out-of-sight">: {word}</span>
          {latencyMs === undefined ? null : <Tag>{latencyMs} ms</Tag>}
        </h3>
        <p>{plain(message)}</p>
        {hint === undefined ? null : (
          <Note tone={tone} icon="info">
            {plain(hint)}
          </Note>
        )}
      </div>
    </li>
  );
}
