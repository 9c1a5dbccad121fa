import type { BanPreview } from '../../api/wire.ts';
import { Note } from '../../parts/note.tsx';
import { plain } from '../../text/plain.ts';

const MOST_SHOWN = 6;

interface BanPreviewNoteProps {
  readonly preview: BanPreview | undefined;
  readonly isForced: boolean;
  readonly onForce: (isForced: boolean) => void;
}

/** What the ban would do, before it does it; and the guard against locking oneself out. */
export function BanPreviewNote({ preview, isForced, onForce }: BanPreviewNoteProps) {
  if (preview === undefined) return <div class="waiting" />;
  const { summary, refused, allowlisted, already_banned: known } = preview;
  const guarded = refused.some(({ code }) => code !== 'not_an_address');
  return (
    <>
      <Note tone={refused.length > 0 || isForced ? 'warn' : 'idle'} role="status">
        <p>
          <strong>This {plain(summary)}</strong>
        </p>
        {refused.slice(0, MOST_SHOWN).map(({ value, reason }) => (
          <p key={value} class="foreign">
            Left out: <code>{plain(value, 60)}</code>, {plain(reason)}
          </p>
        ))}
        {refused.length > MOST_SHOWN ? <p>and {refused.length - MOST_SHOWN} more</p> : null}
        {allowlisted.slice(0, MOST_SHOWN).map(({ value, by }) => (
          <p key={`${value} ${by}`} class="muted">
            {by} stays open: it is on the allowlist.
          </p>
        ))}
        {known.slice(0, MOST_SHOWN).map(({ value, by }) => (
          <p key={value} class="muted foreign">
            {value} is banned already: {plain(by.scenario, 80)}
          </p>
        ))}
      </Note>
      {guarded || isForced ? (
        <div>
          <label class="check-line">
            <input type="checkbox" checked={isForced} onChange={(event) => onForce(event.currentTarget.checked)} />
            Ban what was left out as well
          </label>
          <p class="small muted">
            If that locks you out, <code>bouncer clear</code> on the machine itself takes every rule out of Caddy.
          </p>
        </div>
      ) : null}
    </>
  );
}
