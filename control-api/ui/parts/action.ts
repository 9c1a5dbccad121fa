import { useState } from 'preact/hooks';
import { tellProblem } from './toasts.tsx';

/** Something that takes a while and may fail: the button says so, and is not pressed twice. */
export function useAction(): { readonly isBusy: boolean; readonly run: (work: () => Promise<void>) => void } {
  const [isBusy, setBusy] = useState(false);
  const run = (work: () => Promise<void>) => {
    if (isBusy) return;
    setBusy(true);
    work()
      .catch(tellProblem)
      .finally(() => setBusy(false));
  };
  return { isBusy, run };
}
