import { Empty } from '../parts/empty.tsx';
import { PageHead } from '../parts/page-head.tsx';
import { Link } from '../routing/link.tsx';

export function NotFoundPage() {
  return (
    <>
      <PageHead title="Not here" />
      <div class="card">
        <Empty icon="search" title="This view does not exist">
          Perhaps the address was shortened on its way. <Link to="/">Go to the overview</Link>
        </Empty>
      </div>
    </>
  );
}
