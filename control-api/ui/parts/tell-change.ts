import type { ChangeReply } from '../api/wire.ts';
import { changeInWords, type ChangeWords } from '../text/change-in-words.ts';
import { tell, type TellOptions } from './toasts.tsx';

/** Says how a change ended. What somebody has undone already cannot be undone. */
export function tellChange(reply: ChangeReply, words: ChangeWords, { undo, ...options }: TellOptions = {}): void {
  const [hint] = reply.missing;
  tell(changeInWords(reply, words), {
    ...options,
    ...(undo === undefined || reply.overtaken ? {} : { undo }),
    ...(hint === undefined ? {} : { hint }),
  });
}
