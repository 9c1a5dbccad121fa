import type { ChangeReply, Status } from '../../api/wire.ts';
import { Note } from '../../parts/note.tsx';
import { isInEffect } from '../../text/in-effect.ts';
import { plain } from '../../text/plain.ts';

interface UnfinishedProps {
  readonly reply: ChangeReply | undefined;
  readonly status: Status;
}

/** Written, and not in effect yet: what stands in between, or that somebody has wanted otherwise since. */
export function Unfinished({ reply, status }: UnfinishedProps) {
  if (reply === undefined || reply.confirmed) return null;
  if (!reply.overtaken && isInEffect(status)) return null;
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
