import { useResource } from '../../api/resource.ts';
import type { Lookup } from '../../api/wire.ts';
import { CurlLine } from '../../parts/copy-line.tsx';
import { Dialog } from '../../parts/dialog.tsx';
import { Icon, type IconName } from '../../parts/icon.tsx';
import { ProblemNote } from '../../parts/note.tsx';
import { useNow } from '../../parts/now.ts';
import { Tag } from '../../parts/tag.tsx';
import { Link } from '../../routing/link.tsx';
import { urlOf } from '../../routing/location.ts';
import { countryName } from '../../text/country.ts';
import type { Tone } from '../../text/headline.ts';
import { originName } from '../../text/origin.ts';
import { plain } from '../../text/plain.ts';
import { ago, remaining } from '../../text/time.ts';
import { LiftActions } from './lift-actions.tsx';

const EVERY_MS = 5_000;

/** The whole story of one address: the verdict, what stands behind it, and what to do about it. */
export function WhyDialog({ address, onClose }: { readonly address: string; readonly onClose: () => void }) {
  const path = `/lookup/${encodeURIComponent(address)}`;
  const { data, problem, reload } = useResource<Lookup>(path, { everyMs: EVERY_MS, kinds: ['*'] });
  return (
    <Dialog title={plain(address, 60)} isWide onClose={onClose}>
      {problem === undefined ? null : <ProblemNote problem={problem} />}
      {data === undefined ? (
        problem === undefined && <div class="waiting why-waiting" />
      ) : (
        <>
          <Verdict lookup={data} />
          <Decisions lookup={data} />
          <Background lookup={data} />
          <LiftActions lookup={data} onDone={reload} />
        </>
      )}
      <CurlLine title="Ask as a command" call={{ method: 'GET', path }} />
    </Dialog>
  );
}

function verdictOf({ verdict, enabled, policy }: Lookup): { tone: Tone; icon: IconName; word: string } {
  if (verdict === 'clear') return { tone: 'good', icon: 'check', word: 'Not blocked' };
  if (verdict === 'allowlisted') return { tone: 'good', icon: 'heart', word: 'Allowed, by the allowlist' };
  if (verdict === 'unknown') return { tone: 'warn', icon: 'alert', word: 'Not known' };
  return enabled && policy === 'enforce'
    ? { tone: 'bad', icon: 'ban', word: 'Blocked' }
    : { tone: 'watch', icon: 'eye', word: 'Would be blocked' };
}

function Verdict({ lookup }: { readonly lookup: Lookup }) {
  const { tone, icon, word } = verdictOf(lookup);
  return (
    <div class="note" data-tone={tone} role="status">
      <Icon name={icon} />
      <div>
        <p class="verdict">{word}</p>
        <p class="foreign">{plain(lookup.because, 600)}</p>
      </div>
    </div>
  );
}

function Decisions({ lookup: { decisions } }: { readonly lookup: Lookup }) {
  const now = useNow();
  if (decisions.length === 0) return null;
  return (
    <div class="table-frame" tabIndex={0} role="region" aria-label="Decisions that cover it">
      <table class="table free">
        <thead>
          <tr>
            <th scope="col">Covers</th>
            <th scope="col">Reason</th>
            <th scope="col">Origin</th>
            <th scope="col">Left</th>
          </tr>
        </thead>
        <tbody>
          {decisions.map(({ id, value, scenario, origin, until }) => (
            <tr key={id}>
              <td class="address">{value}</td>
              <td class="foreign">{plain(scenario, 160)}</td>
              <td>{plain(originName(origin), 40)}</td>
              <td class="number">{remaining(Date.parse(until) - now)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

const ENFORCED = {
  yes: { tone: 'good', word: 'blocks it' },
  no: { tone: 'idle', word: 'lets it in' },
  pending: { tone: 'warn', word: 'not confirmed yet' },
} as const;

function Background({ lookup }: { readonly lookup: Lookup }) {
  const { caddies, country, as_name: network, alert, notes, address } = lookup;
  const now = useNow(10_000);
  return (
    <>
      <dl class="facts">
        {caddies.map(({ admin, enforced }) => (
          <div class="fact" key={admin}>
            <dt>Caddy</dt>
            <dd>
              <Tag tone={ENFORCED[enforced].tone}>{ENFORCED[enforced].word}</Tag> <code>{admin}</code>
            </dd>
          </div>
        ))}
        {country === null && network === null ? null : (
          <div class="fact">
            <dt>From</dt>
            <dd class="foreign">
              {[country === null ? undefined : countryName(country), network ?? undefined]
                .filter((part) => part !== undefined)
                .map((part) => plain(part, 120))
                .join(', ')}
            </dd>
          </div>
        )}
        {alert === null ? null : (
          <div class="fact">
            <dt>Last alert</dt>
            <dd class="foreign">
              <Link to={urlOf('/security/alerts', { ip: address })}>{plain(alert.scenario, 160)}</Link>,{' '}
              {ago(Date.parse(alert.created_at), now)}
            </dd>
          </div>
        )}
      </dl>
      {notes.map((note) => (
        <p class="small muted" key={note}>
          {plain(note)}
        </p>
      ))}
    </>
  );
}
