/** Milliseconds a unit, as Go's `time.ParseDuration` names them. */
const UNITS: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3, // U+00B5, as Go prints it
  μs: 1e-3, // U+03BC, which Go reads too
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
};

/** Go counts nanoseconds in 64 bits: 292 years. */
const LONGEST_MS = 2 ** 63 / 1e6;

/**
 * Reads a Go duration (`5h59m58.88s`, `-12.787272ms`, `0s`), as LAPI writes it, into milliseconds.
 * @returns undefined for anything else; Go has no days, so `4d` is none.
 */
export function parseDuration(text: string): number | undefined {
  if (text.length > 64) return undefined;
  const isNegative = text.startsWith('-');
  const rest = isNegative || text.startsWith('+') ? text.slice(1) : text;
  const total = rest === '0' ? 0 : sumOfParts(rest);
  if (total === undefined || total > LONGEST_MS) return undefined;
  return isNegative ? -total : total;
}

function sumOfParts(text: string): number | undefined {
  // What LAPI writes nearly always; a million of them are read at a start.
  // Stryker disable all: a shorter way to the same sum
  const usual = /^(?:(\d+)h)?(?:(\d+)m)?(\d+(?:\.\d+)?)s$/.exec(text);
  if (usual !== null) {
    return Number(usual[1] ?? 0) * 3_600_000 + Number(usual[2] ?? 0) * 60_000 + Number(usual[3]) * 1_000;
  }
  // Stryker restore all
  let total = 0;
  let read = 0;
  for (const match of text.matchAll(/(\d+\.?\d*|\.\d+)(ns|us|µs|μs|ms|s|m|h)/gu)) {
    read += match[0].length;
    total += Number(match[1]) * (UNITS[match[2] ?? ''] ?? Number.NaN);
  }
  // Matches stand apart or side by side: only if nothing is between them do they make up the text.
  return read > 0 && read === text.length ? total : undefined;
}

/** `93784000` → `26h3m4s`: what LAPI and people read, to the second. */
export function formatDuration(milliseconds: number): string {
  const seconds = Math.max(0, Math.round(milliseconds / 1_000));
  const hours = Math.floor(seconds / 3_600);
  const minutes = Math.floor((seconds % 3_600) / 60);
  return `${hours > 0 ? `${hours}h` : ''}${hours > 0 || minutes > 0 ? `${minutes}m` : ''}${seconds % 60}s`;
}
