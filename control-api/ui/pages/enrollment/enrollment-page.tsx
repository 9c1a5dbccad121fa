import { PageHead } from '../../parts/page-head.tsx';

export function EnrollmentPage() {
  return <PageHead title="Console Enrollment" />;
}
