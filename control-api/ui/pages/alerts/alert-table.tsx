import { useState } from 'preact/hooks';
import type { Alert } from '../../api/wire.ts';
import { Dialog } from '../../parts/dialog.tsx';
import { FramedTable } from '../../parts/framed-table.tsx';
import { useNow } from '../../parts/now.ts';
import { Tag } from '../../parts/tag.tsx';
import { Link } from '../../routing/link.tsx';
import { urlOf } from '../../routing/location.ts';
import { countryName } from '../../text/country.ts';
import { count, counted } from '../../text/count.ts';
import { plain } from '../../text/plain.ts';
import { ago } from '../../text/time.ts';

/** An alert of an import carries thousands; nobody reads them here. */
const MOST_SHOWN = 20;

const whole = new Intl.DateTimeFormat('en', { dateStyle: 'medium', timeStyle: 'medium', hour12: false });

export function AlertTable({ alerts }: { readonly alerts: readonly Alert[] }) {
  const now = useNow(10_000);
  const [opened, setOpened] = useState<Alert | undefined>(undefined);
  return (
    <>
      <FramedTable label="Alerts, newest first" class="alert-table" heads={['When', 'Source', 'Scenario', 'Decisions']}>
        {alerts.map((alert) => (
          <tr key={alert.id}>
            <td class="muted" title={whole.format(new Date(alert.created_at))}>
              {ago(Date.parse(alert.created_at), now)}
            </td>
            <td>
              <span class="address one-line foreign">{plain(alert.source.value, 80) || '–'}</span>
              <span class="small muted one-line foreign">{sourceOf(alert)}</span>
            </td>
            <td>
              <span class="one-line foreign" title={plain(alert.scenario)}>
                {plain(alert.scenario, 160)}
              </span>
              <span class="small muted">{counted(alert.events_count, 'event')}</span>
            </td>
            <td class="number">
              {alert.simulated ? <Tag tone="watch">simulated</Tag> : count(alert.decisions.length)}
            </td>
            <td class="end">
              <button
                class="button small"
                type="button"
                aria-label={`Open alert ${alert.id}`}
                onClick={() => setOpened(alert)}
              >
                Open
              </button>
            </td>
          </tr>
        ))}
      </FramedTable>
      {opened === undefined ? null : <AlertDialog alert={opened} onClose={() => setOpened(undefined)} />}
    </>
  );
}

function sourceOf({ source: { cn = '', as_name: name = '' } }: Alert): string {
  return [cn === '' ? '' : countryName(cn), plain(name, 80)].filter((part) => part !== '').join(', ');
}

function AlertDialog({ alert, onClose }: { readonly alert: Alert; readonly onClose: () => void }) {
  const { id, created_at: at, scenario, message, source, events, decisions } = alert;
  return (
    <Dialog title={`Alert ${id}`} isWide onClose={onClose}>
      <dl class="facts">
        <dt>When</dt>
        <dd>{whole.format(new Date(at))}</dd>
        <dt>Scenario</dt>
        <dd class="foreign">{plain(scenario)}</dd>
        <dt>Source</dt>
        <dd class="foreign">
          <code>{plain(source.value, 80)}</code> {sourceOf(alert)}
        </dd>
        <dt>Message</dt>
        <dd class="foreign">{plain(message)}</dd>
      </dl>
      <div class="field">
        <span class="label">
          {decisions.length === 0 ? 'It decided nothing' : counted(decisions.length, 'decision')}
        </span>
        {decisions.slice(0, MOST_SHOWN).map(({ value, type, duration }) => (
          <div class="row" key={`${value} ${type}`}>
            <Link to={urlOf('/security/live-decisions', { q: value, origin: 'all' })}>
              <code>{plain(value, 80)}</code>
            </Link>
            <span class="muted">
              {plain(type, 40)}, {plain(duration, 40)}
            </span>
          </div>
        ))}
      </div>
      {events.slice(0, MOST_SHOWN).map(({ timestamp, meta }, index) => (
        <dl class="meta-list" key={index}>
          <dt>Event</dt>
          <dd>{plain(timestamp ?? '', 60)}</dd>
          {meta.map(({ key, value }) => (
            <div class="fact" key={key}>
              <dt class="foreign">{plain(key, 60)}</dt>
              <dd class="foreign">{plain(value)}</dd>
            </div>
          ))}
        </dl>
      ))}
    </Dialog>
  );
}
