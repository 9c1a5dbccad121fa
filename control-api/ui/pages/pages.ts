import type { ComponentType } from 'preact';
import type { ViewPath } from '../../page/view-paths.ts';
import { AlertsPage } from './alerts/alerts-page.tsx';
import { AllowlistPage } from './allowlist/allowlist-page.tsx';
import { DecisionsPage } from './decisions/decisions-page.tsx';
import { DiagnosticsPage } from './diagnostics/diagnostics-page.tsx';
import { EnrollmentPage } from './enrollment/enrollment-page.tsx';
import { HubPage } from './hub/hub-page.tsx';
import { OverviewPage } from './overview/overview-page.tsx';
import { SecurityPage } from './security/security-page.tsx';

/** What each URL shows. */
export const PAGES: Readonly<Record<ViewPath, ComponentType>> = {
  '/': OverviewPage,
  '/settings/security': SecurityPage,
  '/settings/security/hub-presets': HubPage,
  '/settings/security/console-enrollment': EnrollmentPage,
  '/security/live-decisions': DecisionsPage,
  '/security/allowlist': AllowlistPage,
  '/security/alerts': AlertsPage,
  '/diagnostics': DiagnosticsPage,
};
