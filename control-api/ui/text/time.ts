const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** `3 h 59 m`, `12 m 03 s`, `42 s`: two units, since nobody plans with three. */
export function remaining(milliseconds: number): string {
  const left = Math.max(0, milliseconds);
  if (left >= DAY) return `${Math.floor(left / DAY)} d ${Math.floor((left % DAY) / HOUR)} h`;
  if (left >= HOUR) return `${Math.floor(left / HOUR)} h ${two((left % HOUR) / MINUTE)} m`;
  if (left >= MINUTE) return `${Math.floor(left / MINUTE)} m ${two((left % MINUTE) / SECOND)} s`;
  return `${Math.ceil(left / SECOND)} s`;
}

function two(value: number): string {
  return String(Math.floor(value)).padStart(2, '0');
}

/** `just now`, `4 min ago`, `3 h ago`, `2 days ago`. */
export function ago(at: number, now: number): string {
  const passed = now - at;
  return passed < 10 * SECOND ? 'just now' : `${age(passed)} ago`;
}

export function age(milliseconds: number): string {
  const passed = Math.max(0, milliseconds);
  if (passed < MINUTE) return `${Math.floor(passed / SECOND)} s`;
  if (passed < HOUR) return `${Math.floor(passed / MINUTE)} min`;
  if (passed < DAY) return `${Math.floor(passed / HOUR)} h`;
  const days = Math.floor(passed / DAY);
  return days === 1 ? '1 day' : `${days} days`;
}

/** How long something took, as people say it: `0.4 s`. */
export function seconds(milliseconds: number): string {
  return `${(Math.max(milliseconds, 50) / SECOND).toFixed(1)} s`;
}

/** A duration that the API reads, for what is left of a ban: whole seconds, at least one. */
export function asDuration(milliseconds: number): string {
  return `${Math.max(1, Math.round(milliseconds / SECOND))}s`;
}
