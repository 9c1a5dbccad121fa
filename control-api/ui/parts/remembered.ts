/** Choices of this browser: theme, columns. Storage may be forbidden; then they last as long as the page. */
const PREFIX = 'caddy-crowdsec-sidecar:';

export function remembered(key: string): string | undefined {
  try {
    return localStorage.getItem(PREFIX + key) ?? undefined;
  } catch {
    return undefined;
  }
}

export function remember(key: string, value: string): void {
  try {
    localStorage.setItem(PREFIX + key, value);
  } catch {
    // Not kept, then.
  }
}
