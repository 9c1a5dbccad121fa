/** What `npm audit --json` said, in words. */

export type Audit =
  | { readonly kind: 'clean' }
  /** The registry has no such endpoint, or cannot be reached: nothing was checked, and nothing is wrong. */
  | { readonly kind: 'unavailable'; readonly why: string }
  | { readonly kind: 'findings'; readonly lines: readonly string[] };

/** Advisories that do not concern us, by their id (GHSA-…), and why. */
export const ANSWERED_ADVISORIES: Readonly<Record<string, string>> = {};

interface Advisory {
  readonly url?: string;
  readonly title?: string;
  readonly severity?: string;
}

interface Report {
  readonly error?: { readonly summary?: string };
  readonly message?: string;
  readonly vulnerabilities?: Readonly<Record<string, { readonly via?: readonly (string | Advisory)[] }>>;
}

export function readAudit(stdout: string, answered = ANSWERED_ADVISORIES): Audit {
  const report = parse(stdout);
  if (report?.vulnerabilities === undefined) {
    const said = [report?.error?.summary, report?.message, 'npm audit gave no report'].find((text) => text?.trim());
    return { kind: 'unavailable', why: said?.trim().split('\n')[0] ?? '' };
  }
  // A package that is only named by another one stands in that one's own entry as well.
  const lines = Object.entries(report.vulnerabilities).flatMap(([name, { via = [] }]) =>
    via.filter((cause) => typeof cause !== 'string').flatMap((cause) => described(name, cause, answered)),
  );
  return lines.length === 0 ? { kind: 'clean' } : { kind: 'findings', lines };
}

function described(
  name: string,
  { url = '', title = '', severity = '' }: Advisory,
  answered: Readonly<Record<string, string>>,
): string[] {
  const id = url.split('/').at(-1) ?? '';
  return id in answered ? [] : [`${name}: ${title} (${severity}, ${id})`];
}

function parse(text: string): Report | undefined {
  try {
    return JSON.parse(text) as Report;
  } catch {
    return undefined;
  }
}
