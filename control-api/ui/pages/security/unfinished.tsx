import type { ChangeReply } from '../../api/wire.ts';
import { Note } from '../../parts/note.tsx';
import { plain } from '../../text/plain.ts';

/** Written, and not in effect: what stands in between, or that somebody has wanted otherwise since. */
export function Unfinished({ reply }: { readonly reply: ChangeReply | undefined }) {
  if (reply === undefined || reply.confirmed) return null;
  return (
    <Note tone="warn">
      <p>
        <strong>{reply.overtaken ? 'Somebody changed it again' : 'Saved, and not in effect everywhere yet'}</strong>
      </p>
      {reply.missing.map((line) => (
        <p class="muted" key={line}>
          {plain(line)}
        </p>
      ))}
    </Note>
  );
}
