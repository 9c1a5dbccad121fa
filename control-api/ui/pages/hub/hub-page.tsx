import { PageHead } from '../../parts/page-head.tsx';

export function HubPage() {
  return <PageHead title="Hub Presets" />;
}
