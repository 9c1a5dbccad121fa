import { useEffect, useState } from 'preact/hooks';
import { ApiProblem, type Call } from '../api/request.ts';
import { Store, useStore } from '../store.ts';
import { plain } from '../text/plain.ts';
import { CurlLine } from './copy-line.tsx';
import { Icon } from './icon.tsx';
import { useNow } from './now.ts';

interface Toast {
  readonly id: number;
  readonly tone: 'good' | 'bad';
  readonly text: string;
  readonly hint?: string | undefined;
  readonly until: number;
  readonly undo?: (() => Promise<void>) | undefined;
  /** What was done, for those who would rather script it. */
  readonly call?: Call | undefined;
}

const toasts = new Store<readonly Toast[]>([]);
let nextId = 1;

/** Time enough to read, and to change one's mind. */
const SHOWN_MS = 10_000;
const MOST = 4;

export interface TellOptions {
  readonly undo?: () => Promise<void>;
  readonly hint?: string;
  readonly call?: Call;
}

export function tell(text: string, options: TellOptions = {}): void {
  show({ tone: 'good', text, ...options });
}

export function tellProblem(error: unknown): void {
  if (error instanceof ApiProblem) show({ tone: 'bad', text: error.message, hint: error.hint });
  else show({ tone: 'bad', text: error instanceof Error ? error.message : String(error) });
}

function show(toast: Omit<Toast, 'id' | 'until'>): void {
  const added = { ...toast, id: nextId++, until: Date.now() + SHOWN_MS };
  toasts.set([...toasts.value, added].slice(-MOST));
}

function dismiss(id: number): void {
  toasts.set(toasts.value.filter((toast) => toast.id !== id));
}

/** A polite live region: screen readers say what happened when they have finished what they say. */
export function Toasts() {
  const shown = useStore(toasts);
  return (
    <div class="toasts" role="status" aria-live="polite">
      {shown.map((toast) => (
        <ToastLine key={toast.id} toast={toast} />
      ))}
    </div>
  );
}

function ToastLine({ toast }: { readonly toast: Toast }) {
  const { id, tone, text, hint, until, undo, call } = toast;
  const [isRead, setRead] = useState(false);
  useEffect(() => {
    if (isRead) return undefined; // somebody copies the line: it stays until it is closed
    const timer = setTimeout(() => dismiss(id), until - Date.now());
    return () => clearTimeout(timer);
  }, [id, until, isRead]);
  const undoNow = () => {
    dismiss(id);
    undo?.().catch(tellProblem);
  };
  return (
    <div class="toast" data-tone={tone}>
      <div>
        <p>{plain(text)}</p>
        {hint === undefined ? null : <p class="hint">{plain(hint)}</p>}
        {call === undefined ? null : <CurlLine call={call} onToggle={setRead} />}
      </div>
      {undo === undefined || isRead ? null : (
        <button class="button small" type="button" onClick={undoNow}>
          Undo <Countdown until={until} />
        </button>
      )}
      <button class="button plain small icon-only" type="button" onClick={() => dismiss(id)} aria-label="Dismiss">
        <Icon name="cross" />
      </button>
    </div>
  );
}

/** Not read aloud every second. */
function Countdown({ until }: { readonly until: number }) {
  const now = useNow();
  return (
    <span class="number" aria-hidden="true">
      {Math.max(0, Math.ceil((until - now) / 1_000))} s
    </span>
  );
}
