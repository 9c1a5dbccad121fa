import type { ComponentChildren } from 'preact';
import type { ApiProblem } from '../api/request.ts';
import type { Tone } from '../text/headline.ts';
import { plain } from '../text/plain.ts';
import { Icon, type IconName } from './icon.tsx';

const ICONS: Readonly<Record<Tone, IconName>> = {
  good: 'check',
  watch: 'eye',
  warn: 'alert',
  bad: 'alert',
  idle: 'info',
};

interface NoteProps {
  readonly tone: Tone;
  readonly icon?: IconName;
  readonly role?: 'alert' | 'status';
  readonly children: ComponentChildren;
}

export function Note({ tone, icon, role, children }: NoteProps) {
  return (
    <div class="note" data-tone={tone} role={role}>
      <Icon name={icon ?? ICONS[tone]} />
      <div>{children}</div>
    </div>
  );
}

/** What the API said, and what to do next. */
export function ProblemNote({ problem }: { readonly problem: ApiProblem }) {
  return (
    <Note tone="bad" role="alert">
      <p>
        <strong>{plain(problem.message)}</strong>
      </p>
      <p class="muted">{plain(problem.hint)}</p>
    </Note>
  );
}
