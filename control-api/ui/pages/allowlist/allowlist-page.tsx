import { PageHead } from '../../parts/page-head.tsx';

export function AllowlistPage() {
  return <PageHead title="Allowlist" />;
}
