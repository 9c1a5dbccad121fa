import { send } from '../../api/request.ts';
import { useResource } from '../../api/resource.ts';
import { useStatus } from '../../api/status.ts';
import type { Enrollment, Status } from '../../api/wire.ts';
import { useAction } from '../../parts/action.ts';
import { CopyLine } from '../../parts/copy-line.tsx';
import { Icon } from '../../parts/icon.tsx';
import { Note, ProblemNote } from '../../parts/note.tsx';
import { PageHead } from '../../parts/page-head.tsx';
import { tell } from '../../parts/toasts.tsx';
import { type EnrollmentStep, enrollmentSteps } from '../../text/enrollment-steps.ts';
import { plain } from '../../text/plain.ts';
import { EnrollForm } from './enroll-form.tsx';
import { SharedData } from './shared-data.tsx';

const CONSOLE = 'https://app.crowdsec.net';

export function EnrollmentPage() {
  const status = useStatus();
  const enrollment = useResource<Enrollment>('/console/status', { everyMs: 2_000, kinds: ['enrollment', 'heartbeat'] });
  return (
    <>
      <PageHead title="Console Enrollment">
        Optional: see this engine in CrowdSec’s own web console, with its history, notifications and more blocklists.
      </PageHead>
      <div class="stack">
        {enrollment.problem === undefined ? null : <ProblemNote problem={enrollment.problem} />}
        {enrollment.data === undefined || status.data === undefined ? (
          <div class="card waiting settings-waiting" />
        ) : (
          <Stepper enrollment={enrollment.data} status={status.data} onDone={enrollment.reload} />
        )}
        <SharedData />
      </div>
    </>
  );
}

interface StepperProps {
  readonly enrollment: Enrollment;
  readonly status: Status;
  readonly onDone: () => Promise<void>;
}

function Stepper({ enrollment, status, onDone }: StepperProps) {
  const steps = enrollmentSteps({ enrollment, engine: status.engine, heartbeat: status.heartbeat });
  return (
    <section class="card" aria-label="Steps">
      <h2 class="out-of-sight">Steps</h2>
      <ol class="steps">
        {steps.map((step, index) => (
          <li key={step.id} class="step" data-tone={step.tone} aria-current={step.isCurrent ? 'step' : undefined}>
            <span class="step-mark">
              {step.tone === 'good' ? <Icon name="check" /> : step.tone === 'bad' ? <Icon name="cross" /> : index + 1}
            </span>
            <div class="step-body">
              <h3>{step.title}</h3>
              <p>{step.text}</p>
              <StepDetail step={step} enrollment={enrollment} onDone={onDone} />
            </div>
          </li>
        ))}
      </ol>
    </section>
  );
}

interface StepDetailProps {
  readonly step: EnrollmentStep;
  readonly enrollment: Enrollment;
  readonly onDone: () => Promise<void>;
}

function StepDetail({ step, enrollment, onDone }: StepDetailProps) {
  if (step.id === 'key' && step.isCurrent) {
    return (
      <>
        <Failure enrollment={enrollment} />
        {enrollment.state === 'enrolling' ? <Enrolling enrollment={enrollment} /> : null}
        <EnrollForm enrollment={enrollment} onDone={onDone} />
      </>
    );
  }
  if (step.id === 'accept' && step.isCurrent) return <Acceptance enrollment={enrollment} onDone={onDone} />;
  if (step.id === 'verified' && step.isCurrent) {
    return (
      <>
        <OneMoreStep enrollment={enrollment} />
        <Forget enrollment={enrollment} onDone={onDone} />
      </>
    );
  }
  return null;
}

/** What went wrong, and the next step: the API knows both. */
function Failure({ enrollment }: { readonly enrollment: Enrollment }) {
  if (enrollment.state !== 'failed') return null;
  return (
    <Note tone="bad" role="alert">
      <p>
        <strong>{plain(enrollment.message ?? 'The enrollment failed.')}</strong>
      </p>
      {enrollment.next_step === undefined ? null : <p>{plain(enrollment.next_step)}</p>}
    </Note>
  );
}

function Enrolling({ enrollment: { attempts } }: { readonly enrollment: Enrollment }) {
  return (
    <div class="row" role="status">
      <span class="spinner" aria-hidden="true" />
      Enrolling{attempts === undefined || attempts < 2 ? '' : `, attempt ${attempts} of 3`}. This may take a minute.
    </div>
  );
}

function Acceptance({ enrollment, onDone }: Pick<StepDetailProps, 'enrollment' | 'onDone'>) {
  const { isBusy, run } = useAction();
  const check = () =>
    run(async () => {
      const reply = await send<{ readonly enrollment?: Enrollment }>({ method: 'POST', path: '/console/heartbeat' });
      tell(whatCameBack(reply.enrollment));
      await onDone();
    });
  return (
    <>
      {enrollment.may_be_accepted === true ? <p>{WHERE_TO_LOOK}</p> : null}
      <div class="row">
        <a class="button primary" href={CONSOLE} target="_blank" rel="noreferrer">
          Open the Console
        </a>
        <button class="button" type="button" disabled={isBusy} onClick={check}>
          {isBusy ? 'Asking' : 'I accepted it'}
        </button>
      </div>
    </>
  );
}

const WHERE_TO_LOOK =
  'Accept it at app.crowdsec.net, under Security Engines, then say so here. If it is among your engines there already, you are done, whatever stands here.';

/** The Central API was asked; it may know nothing yet, or nothing that this CrowdSec is told. */
function whatCameBack(enrollment: Enrollment | undefined): string {
  if (enrollment?.state === 'enrolled') return 'The Console has accepted this engine';
  return enrollment?.may_be_accepted === true
    ? 'The Central API was reached, and says nothing of an acceptance: look into the Console'
    : 'The Central API was reached, and knows of no acceptance yet';
}

/** What is left to do where CrowdSec is not ours to reload. */
function OneMoreStep({ enrollment: { next_step: step, command } }: { readonly enrollment: Enrollment }) {
  if (step === undefined || command === undefined) return null;
  return (
    <div class="field">
      <span class="label">{plain(step)}</span>
      <CopyLine text={command} what="the command" />
    </div>
  );
}

function Forget({ enrollment, onDone }: Pick<StepDetailProps, 'enrollment' | 'onDone'>) {
  const { isBusy, run } = useAction();
  const forget = () =>
    run(async () => {
      await send({ method: 'DELETE', path: '/console/enrollment' });
      tell('Forgotten here. Remove the engine in the Console as well.');
      await onDone();
    });
  return (
    <div class="row">
      {enrollment.name === undefined ? null : <span>As “{plain(enrollment.name, 80)}”.</span>}
      <a class="button" href={CONSOLE} target="_blank" rel="noreferrer">
        Open the Console
      </a>
      <button class="button plain" type="button" disabled={isBusy} onClick={forget}>
        Forget the enrollment
      </button>
    </div>
  );
}
