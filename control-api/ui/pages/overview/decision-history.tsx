import { useEffect, useState } from 'preact/hooks';
import { useResource } from '../../api/resource.ts';
import { useStatus } from '../../api/status.ts';
import type { DecisionHistory } from '../../api/wire.ts';
import { CurlLine } from '../../parts/copy-line.tsx';
import { count } from '../../text/count.ts';
import { areaPath, changesIn, drawnGroups, slotText } from '../../text/series.ts';

const PERIODS = [
  { id: '24h', title: '24 hours' },
  { id: '7d', title: '7 days' },
] as const;

const HEIGHT = 40;

/** How many decisions there were, as the control API wrote it down. */
export function DecisionHistoryCard() {
  const [period, setPeriod] = useState<(typeof PERIODS)[number]['id']>('24h');
  const path = `/decisions/history?period=${period}`;
  const { data, reload } = useResource<DecisionHistory>(path, { everyMs: 60_000 });
  const { data: status } = useStatus();
  const now = JSON.stringify([status?.bouncer.decisions, status?.bouncer.state]);
  // No event tells of what CrowdSec itself decides: other numbers do.
  useEffect(() => void reload(), [now, reload]);
  return (
    <section class="card" aria-label="Decisions over time">
      <div class="card-head">
        <h2>Decisions over time</h2>
        <div class="chips" role="group" aria-label="Period">
          {PERIODS.map(({ id, title }) => (
            <button key={id} class="chip" type="button" aria-pressed={period === id} onClick={() => setPeriod(id)}>
              {title}
            </button>
          ))}
        </div>
      </div>
      {data === undefined ? <div class="waiting series-waiting" /> : <Series key={period} slots={data.slots} />}
      <CurlLine call={{ method: 'GET', path }} />
    </section>
  );
}

type Slots = DecisionHistory['slots'];

/** One cursor over all groups: the mouse, a finger or the arrow keys move it. */
function Series({ slots }: { readonly slots: Slots }) {
  const last = slots.length - 1;
  const [chosen, setChosen] = useState<number | undefined>(undefined);
  const at = Math.min(chosen ?? last, last);
  const slot = slots[at];
  const point = (event: PointerEvent & { readonly currentTarget: HTMLElement }) => {
    const { left, width } = event.currentTarget.getBoundingClientRect();
    setChosen(Math.max(0, Math.min(last, Math.floor(((event.clientX - left) / width) * slots.length))));
  };
  const step = (event: KeyboardEvent) => {
    const next = { ArrowLeft: at - 1, ArrowDown: at - 1, ArrowRight: at + 1, ArrowUp: at + 1, Home: 0, End: last }[
      event.key
    ];
    if (next === undefined) return;
    event.preventDefault();
    setChosen(Math.max(0, Math.min(last, next)));
  };
  if (slot === undefined) return null;
  return (
    <>
      <p class="series-value number">{slotText(slot)}</p>
      <div
        class="series"
        role="slider"
        tabIndex={0}
        aria-label="Decisions over time"
        aria-valuemin={0}
        aria-valuemax={last}
        aria-valuenow={at}
        aria-valuetext={slotText(slot)}
        onPointerMove={point}
        onPointerDown={point}
        onPointerLeave={() => setChosen(undefined)}
        onKeyDown={step}
      >
        {drawnGroups(slots).map(({ id, title }) => {
          const values = slots.map(({ counts }) => counts?.[id]);
          return (
            <figure key={id} class="series-group" data-group={id}>
              <figcaption>
                {title}
                <span class="number">{count(Math.max(0, ...values.map((value) => value ?? 0)))} at most</span>
              </figcaption>
              <svg viewBox={`0 0 ${slots.length} ${HEIGHT}`} preserveAspectRatio="none" aria-hidden="true">
                <rect class="cursor" x={at} width="1" height={HEIGHT} />
                <path d={areaPath(values, HEIGHT)} />
              </svg>
            </figure>
          );
        })}
        <Axis slots={slots} />
      </div>
      <Table slots={slots} />
    </>
  );
}

const clock = new Intl.DateTimeFormat('en', { hour: '2-digit', minute: '2-digit', hour12: false });
const weekday = new Intl.DateTimeFormat('en', { weekday: 'short' });

function Axis({ slots }: { readonly slots: Slots }) {
  const [first, second] = slots;
  if (first === undefined || second === undefined) return null;
  const isLong = Date.parse(second.at) - Date.parse(first.at) > 3_600_000;
  const marks = [0, 1, 2, 3, 4, 5].map((part) => slots[Math.floor((part * slots.length) / 6)] ?? first);
  return (
    <div class="history-axis" aria-hidden="true">
      {marks.map(({ at }) => (
        <span key={at}>{(isLong ? weekday : clock).format(new Date(at))}</span>
      ))}
      <span>now</span>
    </div>
  );
}

/** The same for those who cannot see it, or who want numbers. */
function Table({ slots }: { readonly slots: Slots }) {
  const [isOpen, setOpen] = useState(false);
  return (
    <details class="curl" onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>As a table</summary>
      {isOpen ? (
        <div class="table-frame series-table" tabIndex={0} role="region" aria-label="Decisions over time, as a table">
          <table class="table free">
            <thead>
              <tr>
                {['From', 'Decided here', 'Community', 'Lists', 'Bouncer'].map((title) => (
                  <th scope="col" key={title}>
                    {title}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {changesIn(slots)
                .toReversed()
                .map(({ at, counts, state }) => (
                  <tr key={at}>
                    <td class="number">{`${weekday.format(new Date(at))} ${clock.format(new Date(at))}`}</td>
                    <td class="number">{counts === null ? '–' : count(counts.local)}</td>
                    <td class="number">{counts === null ? '–' : count(counts.community)}</td>
                    <td class="number">{counts === null ? '–' : count(counts.lists)}</td>
                    <td>{state ?? 'not known'}</td>
                  </tr>
                ))}
            </tbody>
          </table>
        </div>
      ) : null}
    </details>
  );
}
