import type { Status } from '../../api/wire.ts';
import { Icon, type IconName } from '../../parts/icon.tsx';
import { useNow } from '../../parts/now.ts';
import { Link } from '../../routing/link.tsx';
import { headline, type Tone } from '../../text/headline.ts';
import { plain } from '../../text/plain.ts';

const MARKS: Readonly<Record<Tone, IconName>> = {
  good: 'shieldCheck',
  watch: 'eye',
  warn: 'refresh',
  bad: 'alert',
  idle: 'shieldOff',
};

export function HeadlineCard({ status }: { readonly status: Status | undefined }) {
  const now = useNow();
  if (status === undefined) return <div class="card headline waiting" />;
  const { tone, title, detail } = headline(status, now);
  return (
    <section class="card headline" aria-label="State">
      <div class="headline-mark" data-tone={tone}>
        <Icon name={MARKS[tone]} />
      </div>
      <div class="headline-words">
        <strong>{title}</strong>
        <p>{plain(detail)}</p>
      </div>
      <Link to="/settings/security" class="button">
        {status.enabled ? 'Settings' : 'Turn on'}
      </Link>
    </section>
  );
}
