import { events, liveState } from '../../api/live.ts';
import { Empty } from '../../parts/empty.tsx';
import { Tag } from '../../parts/tag.tsx';
import { useStore } from '../../store.ts';
import { plain } from '../../text/plain.ts';

const clock = new Intl.DateTimeFormat('en', { hour: '2-digit', minute: '2-digit', second: '2-digit', hour12: false });
const whole = new Intl.DateTimeFormat('en', { dateStyle: 'medium', timeStyle: 'medium', hour12: false });

export function EventFeed() {
  const shown = useStore(events);
  const live = useStore(liveState);
  return (
    <section class="card flush" aria-label="Latest events">
      <div class="card-head">
        <h2>Latest events</h2>
        <Tag tone={live === 'live' ? 'good' : 'warn'}>{live === 'live' ? 'Live' : 'Reconnecting'}</Tag>
      </div>
      {shown.length === 0 ? (
        <Empty icon="pulse" title="Nothing has happened yet">
          Bans, pushes to Caddy and changes made here appear as they happen.
        </Empty>
      ) : (
        <ol class="feed" tabIndex={0} aria-label="Events, newest first">
          {shown.map(({ id, at, by, message }) => (
            <li key={id}>
              <time dateTime={at} title={whole.format(new Date(at))}>
                {clock.format(new Date(at))}
              </time>
              <span class="foreign" title={`${by}: ${plain(message)}`}>
                {plain(message)}
              </span>
            </li>
          ))}
        </ol>
      )}
    </section>
  );
}
