import type { ViewPath } from '../../page/view-paths.ts';
import type { IconName } from '../parts/icon.tsx';

interface NavItem {
  readonly to: ViewPath;
  readonly title: string;
  readonly icon: IconName;
}

interface NavGroup {
  readonly title: string | undefined;
  readonly items: readonly NavItem[];
}

export const NAVIGATION: readonly NavGroup[] = [
  { title: undefined, items: [{ to: '/', title: 'Overview', icon: 'overview' }] },
  {
    title: 'Security',
    items: [
      { to: '/security/live-decisions', title: 'Live Decisions', icon: 'ban' },
      { to: '/security/allowlist', title: 'Allowlist', icon: 'heart' },
      { to: '/security/alerts', title: 'Alerts', icon: 'bell' },
    ],
  },
  {
    title: 'Settings',
    items: [
      { to: '/settings/security', title: 'Security', icon: 'shield' },
      { to: '/settings/security/hub-presets', title: 'Hub Presets', icon: 'box' },
      { to: '/settings/security/console-enrollment', title: 'Console Enrollment', icon: 'cloud' },
    ],
  },
  { title: 'Help', items: [{ to: '/diagnostics', title: 'Diagnostics', icon: 'pulse' }] },
];
