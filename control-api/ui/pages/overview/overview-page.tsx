import { useStatus } from '../../api/status.ts';
import type { Status } from '../../api/wire.ts';
import { CurlLine } from '../../parts/copy-line.tsx';
import { PageHead } from '../../parts/page-head.tsx';
import { useNow } from '../../parts/now.ts';
import { Link } from '../../routing/link.tsx';
import { count } from '../../text/count.ts';
import { fleetInWords } from '../../text/fleet.ts';
import { plain } from '../../text/plain.ts';
import { ago } from '../../text/time.ts';
import { AlertCharts } from './alert-charts.tsx';
import { DecisionHistoryCard } from './decision-history.tsx';
import { EventFeed } from './event-feed.tsx';
import { HeadlineCard } from './headline-card.tsx';

export function OverviewPage() {
  const { data: status } = useStatus();
  return (
    <>
      <PageHead title="Overview" />
      <div class="stack">
        <HeadlineCard status={status} />
        {status === undefined ? null : <Tiles status={status} />}
        <DecisionHistoryCard />
        <AlertCharts />
        <EventFeed />
        <CurlLine call={{ method: 'GET', path: '/status' }} />
      </div>
    </>
  );
}

function Tiles({ status: { bouncer, engine, heartbeat } }: { readonly status: Status }) {
  const now = useNow(5_000);
  const when = (at: string | undefined) => (at === undefined ? 'never' : ago(Date.parse(at), now));
  const fleet = fleetInWords(bouncer);
  const inSync = bouncer.caddies.filter(({ state }) => state === 'in_sync').length;
  return (
    <dl class="tiles">
      <div class="tile">
        <dt>Decided here</dt>
        <dd class="number">
          <Link class="quiet" to="/security/live-decisions">
            {count(bouncer.decisions.local)}
          </Link>
          <small>{count(bouncer.decisions.community)} from the community</small>
        </dd>
      </div>
      <div class="tile">
        <dt>Caddy</dt>
        <dd class="number">
          {inSync} of {bouncer.caddies.length}
          <small>in sync, last push {when(bouncer.last_push_at)}</small>
        </dd>
      </div>
      {fleet === undefined ? null : (
        <div class="tile">
          <dt>Bouncers</dt>
          <dd class="number">
            {bouncer.ids.length}
            <small class="foreign">{plain(fleet, 200)}</small>
          </dd>
        </div>
      )}
      <div class="tile">
        <dt>CrowdSec</dt>
        <dd>
          {engine.state === 'running' ? 'Running' : engine.state === 'unreachable' ? 'No answer' : engine.state}
          <small>
            {engine.version === undefined ? '' : `${engine.version}, `}last pull {when(bouncer.last_pull_at)}
          </small>
        </dd>
      </div>
      <div class="tile">
        <dt>Central API</dt>
        <dd>
          {HEARTBEAT_WORDS[heartbeat.state]}
          <small>last heartbeat {when(heartbeat.last_heartbeat_at)}</small>
        </dd>
      </div>
    </dl>
  );
}

const HEARTBEAT_WORDS = {
  unknown: 'Not tried yet',
  online: 'Online',
  degraded: 'Failing',
  offline: 'Offline',
  not_registered: 'Not registered',
} as const;
