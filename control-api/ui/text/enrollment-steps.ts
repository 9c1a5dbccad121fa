import type { Engine, Enrollment, Heartbeat } from '../api/wire.ts';
import type { Tone } from './headline.ts';

export interface EnrollmentStep {
  readonly id: 'crowdsec' | 'key' | 'accept' | 'verified';
  readonly title: string;
  readonly tone: Tone;
  /** Where the person is: this step is drawn open. */
  readonly isCurrent: boolean;
  readonly text: string;
}

interface Facts {
  readonly enrollment: Enrollment;
  readonly engine: Engine;
  readonly heartbeat: Heartbeat;
}

/** The four things that have to be true, in their order, and which of them comes next. */
export function enrollmentSteps({ enrollment, engine, heartbeat }: Facts): readonly EnrollmentStep[] {
  return [
    engineStep(engine, enrollment),
    keyStep(enrollment),
    acceptStep(enrollment),
    connectedStep(enrollment, heartbeat),
  ];
}

function isSent({ state }: Enrollment): boolean {
  return state === 'pending_acceptance' || state === 'enrolled';
}

function engineStep({ state, version }: Engine, enrollment: Enrollment): EnrollmentStep {
  const isRunning = state === 'running' || state === 'starting';
  return {
    id: 'crowdsec',
    title: 'CrowdSec runs',
    tone: isRunning ? 'good' : enrollment.state === 'enrolled' ? 'warn' : 'bad',
    isCurrent: !isRunning && !isSent(enrollment),
    text: isRunning
      ? `It answers${version === undefined ? '' : `, version ${version}`}.`
      : 'It needs 30 to 60 seconds after its start. If it was never started, start it first.',
  };
}

function keyStep(enrollment: Enrollment): EnrollmentStep {
  const isDone = isSent(enrollment);
  return {
    id: 'key',
    title: 'Enroll with your key',
    tone: isDone ? 'good' : enrollment.state === 'failed' ? 'bad' : 'watch',
    isCurrent: !isDone,
    text: isDone ? 'The Console knows this engine.' : 'The key comes from app.crowdsec.net, Instances, Add Instance.',
  };
}

function acceptStep({ state, may_be_accepted: isUncertain, message }: Enrollment): EnrollmentStep {
  const isDone = state === 'enrolled';
  return {
    id: 'accept',
    title: 'Accept it in the Console',
    tone: isDone ? 'good' : state === 'pending_acceptance' ? 'watch' : 'idle',
    isCurrent: state === 'pending_acceptance',
    text: isDone ? 'Accepted.' : isUncertain === true && message !== undefined ? message : ACCEPT,
  };
}

const ACCEPT = 'The Console shows a request of this engine. Accept it there, then say so here.';

function connectedStep({ state, may_be_accepted: isUncertain }: Enrollment, heartbeat: Heartbeat): EnrollmentStep {
  const isOn = state === 'enrolled';
  return {
    id: 'verified',
    title: 'Connected',
    tone: isOn ? (heartbeat.state === 'online' ? 'good' : 'warn') : 'idle',
    isCurrent: isOn,
    text: isOn || isUncertain === true ? HEARTBEATS[heartbeat.state] : 'Alerts and heartbeats arrive in the Console.',
  };
}

const HEARTBEATS: Readonly<Record<Heartbeat['state'], string>> = {
  unknown: 'No heartbeat was tried yet.',
  online: 'Heartbeats arrive.',
  degraded: 'The last heartbeats failed; it is tried again by itself.',
  offline: 'Three heartbeats in a row failed: the Console shows this engine as offline.',
  not_registered: 'CrowdSec has no account at the Central API.',
};
