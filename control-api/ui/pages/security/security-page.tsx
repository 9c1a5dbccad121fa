import { useStatus } from '../../api/status.ts';
import { PageHead } from '../../parts/page-head.tsx';
import { Link } from '../../routing/link.tsx';
import { PolicyCard } from './policy-card.tsx';
import { ProtectionCard } from './protection-card.tsx';
import { SitesCard } from './sites-card.tsx';

export function SecurityPage() {
  const { data: status } = useStatus();
  return (
    <>
      <PageHead
        title="Security"
        actions={
          <>
            <Link class="button" to="/settings/security/hub-presets">
              Hub Presets
            </Link>
            <Link class="button" to="/settings/security/console-enrollment">
              Console Enrollment
            </Link>
          </>
        }
      >
        CrowdSec finds attackers; your Caddy turns them away. Both are switched here.
      </PageHead>
      {status === undefined ? (
        <div class="card waiting settings-waiting" />
      ) : (
        <div class="stack">
          <ProtectionCard status={status} />
          <PolicyCard status={status} />
          <SitesCard caddies={status.bouncer.caddies} />
        </div>
      )}
    </>
  );
}
