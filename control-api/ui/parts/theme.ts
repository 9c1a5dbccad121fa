import { Store } from '../store.ts';
import { remembered, remember } from './remembered.ts';

const THEMES = ['system', 'light', 'dark'] as const;
export type Theme = (typeof THEMES)[number];

const KEY = 'theme';

export const theme = new Store<Theme>(THEMES.find((known) => known === remembered(KEY)) ?? 'system');

export function applyTheme(): void {
  if (theme.value === 'system') delete document.documentElement.dataset['theme'];
  else document.documentElement.dataset['theme'] = theme.value;
}

export function nextTheme(): void {
  const next = THEMES[(THEMES.indexOf(theme.value) + 1) % THEMES.length] ?? 'system';
  theme.set(next);
  remember(KEY, next);
  applyTheme();
}
