import type { ComponentChildren } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { Icon } from './icon.tsx';

interface DialogProps {
  readonly title: string;
  readonly isWide?: boolean;
  readonly onClose: () => void;
  readonly children: ComponentChildren;
}

/** The browser's own dialog: it keeps the focus inside, gives it back, and closes on Escape. */
export function Dialog({ title, isWide = false, onClose, children }: DialogProps) {
  const ref = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    const dialog = ref.current;
    if (dialog?.open === false) dialog.showModal();
    // Where nothing is to be filled in, reading begins at the title.
    if (dialog?.querySelector('[autofocus]') === null) dialog.querySelector('h2')?.focus();
    return () => dialog?.close();
  }, []);
  return (
    <dialog ref={ref} class={isWide ? 'wide' : undefined} aria-label={title} onClose={onClose}>
      <div class="dialog-head">
        <h2 tabIndex={-1}>{title}</h2>
        <button class="button plain icon-only" type="button" onClick={() => ref.current?.close()} aria-label="Close">
          <Icon name="cross" />
        </button>
      </div>
      <div class="dialog-body">{children}</div>
    </dialog>
  );
}
