import { useResource } from '../../api/resource.ts';
import type { Alert } from '../../api/wire.ts';
import { type Bar, Bars } from '../../parts/bars.tsx';
import { urlOf } from '../../routing/location.ts';
import { countryName } from '../../text/country.ts';
import { counted } from '../../text/count.ts';
import { histogram, top } from '../../text/tally.ts';

const DAY_MS = 86_400_000;
const DAYS = 7;
const SLOTS = DAYS * 8;
const MOST = 5;

/** Enough for a week of most sites; where there are more, the charts say that they show the latest. */
const LATEST = 300;

/** The alerts of the last week: who attacks, from where, and when. */
export function AlertCharts() {
  const { data, problem } = useResource<{ alerts: readonly Alert[] }>(`/alerts?limit=${LATEST}`, {
    everyMs: 120_000,
  });
  if (data === undefined) {
    return problem === undefined ? <div class="card waiting charts-waiting" /> : null;
  }
  const { alerts } = data;
  const of = alerts.length < LATEST ? '7 days' : `latest ${LATEST} alerts`;
  const scenarios = top(
    alerts.map(({ scenario }) => scenario),
    MOST,
  );
  const countries = top(
    alerts.map(({ source }) => source.cn),
    MOST,
  );
  const networks = top(
    alerts.map(({ source }) => source.as_name),
    MOST,
  );
  return (
    <>
      <History alerts={alerts} of={of} />
      <div class="grid-3">
        <TopCard of={of} title="Top scenarios" bars={scenarios.map((bar) => ({ ...bar, to: alertsOf(bar.name) }))} />
        <TopCard
          of={of}
          title="Top countries"
          bars={countries.map((bar) => ({ ...bar, name: countryName(bar.name) }))}
        />
        <TopCard of={of} title="Top networks" bars={networks} />
      </div>
    </>
  );
}

function alertsOf(scenario: string): string {
  return urlOf('/security/alerts', { scenario });
}

interface TopCardProps {
  readonly title: string;
  readonly of: string;
  readonly bars: readonly Bar[];
}

function TopCard({ title, of, bars }: TopCardProps) {
  return (
    <section class="card" aria-label={title}>
      <div class="card-head">
        <h2>{title}</h2>
        <span class="small muted">{of}</span>
      </div>
      {bars.length === 0 ? <p class="muted">Nothing to count yet.</p> : <Bars bars={bars} />}
    </section>
  );
}

function startOf({ start_at: start, created_at: created }: Alert): number {
  const at = Date.parse(start);
  return Number.isNaN(at) ? Date.parse(created) : at;
}

const weekday = new Intl.DateTimeFormat('en', { weekday: 'short' });

function History({ alerts, of }: { readonly alerts: readonly Alert[]; readonly of: string }) {
  const now = Date.now();
  const from = now - DAYS * DAY_MS;
  const counts = histogram(alerts.map(startOf), from, now + 60_000, SLOTS);
  const most = Math.max(1, ...counts);
  const days = Array.from({ length: DAYS }, (_, day) => weekday.format(new Date(from + (day + 0.5) * DAY_MS)));
  return (
    <section class="card" aria-label="Alerts over time">
      <div class="card-head">
        <h2>Alerts over time</h2>
        <span class="small muted">
          {counted(alerts.length, 'alert')}, {of}
        </span>
      </div>
      <svg
        class="history"
        viewBox={`0 0 ${SLOTS * 10} 92`}
        preserveAspectRatio="none"
        role="img"
        aria-label={`${counted(alerts.length, 'alert')} in the last seven days, most in three hours: ${most}`}
      >
        <line class="base" x1="0" y1="91.500" x2={SLOTS * 10} y2="91.500" />
        {counts.map((value, slot) => {
          const height = value === 0 ? 0 : 4 + (84 * value) / most;
          return <rect key={slot} x={slot * 10 + 1.5} y={91 - height} width="7" height={height} rx="1.500" />;
        })}
      </svg>
      <div class="history-axis" aria-hidden="true">
        {days.map((day, index) => (
          <span key={index}>{day}</span>
        ))}
      </div>
    </section>
  );
}
