/**
 * Reads apt's own lists of sources, so that packages come from the mirror that this machine already uses and trusts.
 * Two formats: one line each (`*.list`) and stanzas (`*.sources`, deb822).
 */
export interface AptSource {
  readonly uri: string;
  readonly suite: string;
  readonly components: readonly string[];
  /** A key ring's path; keys written into the stanza itself are left out. */
  readonly signedBy?: string;
}

export function parseSourcesList(text: string): AptSource[] {
  return text.split('\n').flatMap((line) => {
    const match = /^\s*deb\s+(?:\[(?<options>[^\]]*)\]\s+)?(?<uri>\S+)\s+(?<suite>\S+)(?<rest>[^#]*)/.exec(line);
    if (!match?.groups) return [];
    const { options = '', uri = '', suite = '', rest = '' } = match.groups;
    const signedBy = /(?:^|\s)signed-by=(\S+)/i.exec(options)?.[1];
    return [source(uri, suite, words(rest), signedBy)];
  });
}

export function parseDeb822(text: string): AptSource[] {
  const uncommented = text.replace(/^#.*\n?/gm, '');
  return uncommented.split(/\n\s*\n/).flatMap((stanza) => {
    const fields = readFields(stanza);
    if (!words(fields.get('types')).includes('deb') || fields.get('enabled') === 'no') return [];
    const components = words(fields.get('components'));
    const signedBy = fields.get('signed-by');
    return words(fields.get('uris')).flatMap((uri) =>
      words(fields.get('suites')).map((suite) => source(uri, suite, components, signedBy)),
    );
  });
}

function readFields(stanza: string): Map<string, string> {
  const unfolded = stanza.replace(/\n[ \t]+/g, ' ');
  return new Map(
    unfolded.split('\n').flatMap((line) => {
      const colon = line.indexOf(':');
      return colon < 1 ? [] : [[line.slice(0, colon).trim().toLowerCase(), line.slice(colon + 1).trim()] as const];
    }),
  );
}

function words(text: string | undefined): string[] {
  return (text ?? '').split(/\s+/).filter((word) => word !== '');
}

function source(uri: string, suite: string, components: readonly string[], signedBy: string | undefined): AptSource {
  return { uri, suite, components, ...(signedBy?.startsWith('/') ? { signedBy } : {}) };
}

/**
 * The sources of a Debian suite for a private apt state: the machine's own ones when it runs that suite (security
 * updates included), else the suite on the mirror that its Debian packages come from. Empty when it has no mirror.
 */
export function sourcesForSuite(sources: readonly AptSource[], suite: string, codename: string): AptSource[] {
  const main = sources.filter((entry) => entry.components.includes('main'));
  const own = main.filter((entry) => entry.suite === suite || entry.suite.startsWith(`${suite}-`));
  if (own.some((entry) => entry.suite === suite)) return own.map((entry) => ({ ...entry, components: ['main'] }));
  const mirror = main.find((entry) => entry.suite === codename && /\/debian\/?$/.test(entry.uri));
  return mirror ? [{ ...mirror, suite, components: ['main'] }] : [];
}

export function formatSources(sources: readonly AptSource[], fallbackKeyring?: string): string {
  return sources
    .map(({ uri, suite, components, signedBy = fallbackKeyring }) => {
      const options = signedBy === undefined ? '' : `[signed-by=${signedBy}] `;
      return `deb ${options}${uri} ${suite} ${components.join(' ')}\n`;
    })
    .join('');
}

/**
 * A complete apt configuration for a private state. The machine's own settings for downloads (proxy, certificates,
 * retries) are kept; its hooks are not, since they are written for the system's lists and would run here as well.
 */
export function privateAptConf(systemDump: string, folder: string): string {
  const downloads = systemDump
    .split('\n')
    .filter((line) => line.startsWith('Acquire::') && !/^Acquire::(IndexTargets|Languages|GzipIndexes)\b/.test(line));
  const state = [
    ['Dir::Etc::parts', '/dev/null'],
    ['Dir::Etc::main', '/dev/null'],
    ['Dir::Etc::preferences', '/dev/null'],
    ['Dir::Etc::preferencesparts', '/dev/null'],
    ['Dir::Etc::sourcelist', `${folder}/sources.list`],
    ['Dir::Etc::sourceparts', '-'],
    ['Dir::State::lists', `${folder}/lists/`],
    // Nothing counts as installed: a newer package on this machine must not hide the one that is asked for.
    ['Dir::State::status', `${folder}/status`],
    ['Dir::Cache', `${folder}/cache/`],
    ['Dir::Cache::pkgcache', ''],
    ['Dir::Cache::srcpkgcache', ''],
    ['Acquire::Languages', 'none'],
  ];
  return [...downloads, ...state.map(([key, value]) => `${key} "${value}";`)].join('\n') + '\n';
}
