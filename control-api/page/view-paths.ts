/** Every view of the page is a URL: what the server answers with the page, and what the page knows to draw. */
export const VIEW_PATHS = [
  '/',
  '/settings/security',
  '/settings/security/hub-presets',
  '/settings/security/console-enrollment',
  '/security/live-decisions',
  '/security/allowlist',
  '/security/alerts',
  '/diagnostics',
] as const;

export type ViewPath = (typeof VIEW_PATHS)[number];

/** The page's own files say nothing about this installation; what it shows comes from the API. */
export function isPagePath(path: string): boolean {
  return isViewPath(path) || path.startsWith('/assets/') || path === '/favicon.svg';
}

export function isViewPath(path: string): path is ViewPath {
  return (VIEW_PATHS as readonly string[]).includes(path);
}
