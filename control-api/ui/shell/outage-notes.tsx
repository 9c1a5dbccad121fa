import { connection } from '../api/connection.ts';
import { redisIsGone } from '../api/live.ts';
import { useStatus } from '../api/status.ts';
import { Note } from '../parts/note.tsx';
import { useNow } from '../parts/now.ts';
import { useStore } from '../store.ts';
import { outages } from '../text/outages.ts';
import { plain } from '../text/plain.ts';
import { age } from '../text/time.ts';

/** What is gone, in one line each, and how old that makes what the page shows. */
export function OutageNotes() {
  const status = useStatus();
  const lostAt = useStore(connection.lostAt);
  const redisGone = useStore(redisIsGone);
  const now = useNow();
  const seen = {
    apiIsGone: lostAt !== undefined,
    redisIsGone: redisGone || status.problem?.code === 'redis_unavailable',
    status: status.data,
  };
  const found = outages(seen);
  const isOld = seen.apiIsGone || seen.redisIsGone;
  if (found.length === 0) return null;
  return (
    <div class="stack outage-notes">
      {found.map(({ part, title, detail }) => (
        <Note key={title} tone={part === 'lapi' ? 'warn' : 'bad'} role="alert">
          <p>
            <strong>{plain(title)}</strong>
          </p>
          <p class="muted">
            {plain(detail)}
            {isOld && status.at !== undefined ? (
              <span aria-live="off"> Shown is what was known {age(now - status.at)} ago.</span>
            ) : null}
          </p>
        </Note>
      ))}
    </div>
  );
}
