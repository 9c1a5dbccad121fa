import { useEffect, useState } from 'preact/hooks';
import { events } from '../../api/live.ts';
import { ApiProblem, type Call, send } from '../../api/request.ts';
import { whenSignedIn } from '../../api/session.ts';
import type { HubChanges } from '../../api/wire-hub.ts';
import { CopyLine, CurlLine } from '../../parts/copy-line.tsx';
import { Dialog } from '../../parts/dialog.tsx';
import { Note, ProblemNote } from '../../parts/note.tsx';
import { useStore } from '../../store.ts';
import { counted } from '../../text/count.ts';
import { plain } from '../../text/plain.ts';

/** Something to do with the Hub: seen first, then done. */
export interface HubTask {
  readonly title: string;
  readonly call: Call;
  readonly verb: string;
  readonly hasNoPreview?: boolean;
}

interface HubDialogProps {
  readonly task: HubTask;
  readonly onClose: () => void;
  readonly onDone: () => void;
}

type Step =
  | { readonly kind: 'looking' }
  | { readonly kind: 'ready'; readonly changes: HubChanges['changes'] }
  | { readonly kind: 'working'; readonly since: string }
  | { readonly kind: 'done'; readonly result: HubChanges }
  | { readonly kind: 'failed'; readonly problem: ApiProblem };

export function HubDialog({ task, onClose, onDone }: HubDialogProps) {
  const [step, setStep] = useState<Step>({ kind: 'looking' });
  const attempt = async (work: () => Promise<Step>) => {
    try {
      setStep(await work());
    } catch (error) {
      if (!(error instanceof ApiProblem)) throw error;
      setStep({ kind: 'failed', problem: error });
    }
  };
  useEffect(() => void attempt(() => preview(task)), [task]);
  const carryOut = () =>
    attempt(async () => {
      setStep({ kind: 'working', since: events.value[0]?.id ?? '' });
      const result = await send<HubChanges>(task.call);
      onDone();
      return { kind: 'done', result };
    });
  return (
    <Dialog title={task.title} onClose={onClose}>
      <StepView step={step} task={task} />
      <div class="dialog-foot">
        <button class="button" type="button" onClick={onClose}>
          {step.kind === 'done' ? 'Close' : 'Cancel'}
        </button>
        {step.kind === 'ready' && (step.changes.length > 0 || task.hasNoPreview === true) ? (
          <button class="button primary" type="button" onClick={() => void carryOut()}>
            {step.changes.length === 0 ? task.verb : `${task.verb} ${counted(step.changes.length, 'item')}`}
          </button>
        ) : null}
      </div>
      <CurlLine call={task.call} />
    </Dialog>
  );
}

async function preview({ call, hasNoPreview }: HubTask): Promise<Step> {
  await whenSignedIn();
  if (hasNoPreview === true) return { kind: 'ready', changes: [] };
  const { changes } = await send<HubChanges>({ ...call, path: `${call.path}?preview=true` });
  return { kind: 'ready', changes };
}

function StepView({ step, task }: { readonly step: Step; readonly task: HubTask }) {
  switch (step.kind) {
    case 'looking':
      return <Busy text="Looking what would change" />;
    case 'ready':
      return task.hasNoPreview === true ? (
        <p>This asks the internet for the newest list. Nothing that is installed changes.</p>
      ) : (
        <ChangeList changes={step.changes} title="This would change, and nothing else" />
      );
    case 'working':
      return <Progress since={step.since} />;
    case 'failed':
      return <ProblemNote problem={step.problem} />;
    case 'done':
      return <Done result={step.result} />;
  }
}

function Busy({ text }: { readonly text: string }) {
  return (
    <div class="row" role="status">
      <span class="spinner" aria-hidden="true" />
      {text}
    </div>
  );
}

/** What cscli says while it works comes over the event stream. */
function Progress({ since }: { readonly since: string }) {
  const [latest] = useStore(events).filter(({ kind, id }) => kind === 'hub' && id !== since);
  return <Busy text={latest === undefined ? 'Working' : plain(latest.message, 160)} />;
}

function ChangeList({ changes, title }: { readonly changes: HubChanges['changes']; readonly title: string }) {
  if (changes.length === 0) return <p>Nothing would change.</p>;
  return (
    <div class="field">
      <span class="label">{title}</span>
      <ul class="change-list" tabIndex={0} aria-label={title}>
        {changes.map(({ action, type, name }) => (
          <li key={`${type}/${name}`}>
            <span class="sign" data-action={action}>
              {action}
            </span>
            <span class="foreign">
              <code>{name}</code> <span class="muted small">{type}</span>
            </span>
          </li>
        ))}
      </ul>
    </div>
  );
}

function Done({ result: { changes, engine } }: { readonly result: HubChanges }) {
  return (
    <>
      <Note tone="good" role="status">
        <p>
          <strong>
            {changes.length === 0
              ? 'Done: nothing had to change.'
              : `Done: ${counted(changes.length, 'item')} changed.`}
          </strong>
        </p>
        {engine?.kind === 'reloaded' ? <p>CrowdSec has read it already.</p> : null}
      </Note>
      {engine?.kind === 'not_running' ? (
        <Note tone="idle">
          <p>
            <strong>CrowdSec does not run right now.</strong>
          </p>
          <p>{plain(engine.next_step ?? 'It reads the change when it is started next.')}</p>
        </Note>
      ) : null}
      {engine?.kind === 'ask_operator' && engine.command !== undefined ? (
        <div class="field">
          <span class="label">CrowdSec runs on its own: one more step makes it read the change</span>
          <CopyLine text={engine.command} what="the reload command" />
        </div>
      ) : null}
    </>
  );
}
