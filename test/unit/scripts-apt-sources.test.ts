import { describe, expect, it } from 'vitest';
import {
  formatSources,
  parseDeb822,
  parseSourcesList,
  privateAptConf,
  sourcesForSuite,
} from '../../scripts/servers/apt-sources.ts';

const MIRROR = 'http://mirror.example/debian';

describe('one line a source', () => {
  it('reads options, components and comments', () => {
    const text = `# deb ${MIRROR} old main
deb ${MIRROR} bookworm main contrib # ours
deb-src ${MIRROR} bookworm main
  deb [ arch=amd64 signed-by=/usr/share/keyrings/d.gpg ] ${MIRROR}-security bookworm-security main`;
    expect(parseSourcesList(text)).toEqual([
      { uri: MIRROR, suite: 'bookworm', components: ['main', 'contrib'] },
      {
        uri: `${MIRROR}-security`,
        suite: 'bookworm-security',
        components: ['main'],
        signedBy: '/usr/share/keyrings/d.gpg',
      },
    ]);
  });
});

describe('stanzas', () => {
  it('makes a source of each suite, and leaves out what is switched off', () => {
    const text = `Types: deb deb-src
# a comment between fields
URIs: ${MIRROR}
Suites: bookworm bookworm-updates
Components: main
Signed-By: /k.gpg

Types: deb
URIs: http://other.example
Suites: x
Components: main
Enabled: no

Types: deb-src
URIs: ${MIRROR}
Suites: bookworm
Components: main
`;
    expect(parseDeb822(text)).toEqual([
      { uri: MIRROR, suite: 'bookworm', components: ['main'], signedBy: '/k.gpg' },
      { uri: MIRROR, suite: 'bookworm-updates', components: ['main'], signedBy: '/k.gpg' },
    ]);
  });

  it('reads folded fields, and passes over a key that is written into the stanza', () => {
    const text = `Types: deb
URIs: ${MIRROR}
Suites: bookworm
 sid
Components: main
Signed-By:
 -----BEGIN PGP PUBLIC KEY BLOCK-----
 .
 mQINBF`;
    expect(parseDeb822(text).map(({ suite, signedBy }) => [suite, signedBy])).toEqual([
      ['bookworm', undefined],
      ['sid', undefined],
    ]);
  });
});

describe('the sources of a suite', () => {
  const debian = (suite: string, uri = MIRROR) => ({ uri, suite, components: ['main', 'contrib'] });

  it("are the machine's own ones, security updates included, when it runs that suite", () => {
    const own = [debian('bookworm'), debian('bookworm-security', `${MIRROR}-security`), debian('sid-extra')];
    const found = sourcesForSuite(own, 'bookworm', 'bookworm');
    expect(found.map(({ suite, components }) => [suite, components])).toEqual([
      ['bookworm', ['main']],
      ['bookworm-security', ['main']],
    ]);
  });

  it('are on its own mirror otherwise', () => {
    const own = [{ uri: 'http://other.example/apt', suite: 'bookworm', components: ['main'] }, debian('bookworm')];
    expect(sourcesForSuite(own, 'sid', 'bookworm')).toEqual([{ uri: MIRROR, suite: 'sid', components: ['main'] }]);
  });

  it('are none on a system without Debian', () => {
    expect(sourcesForSuite([debian('noble', 'http://mirror.example/ubuntu')], 'sid', 'noble')).toEqual([]);
  });
});

it('writes lines that apt reads, each with a key ring', () => {
  const sources = [
    { uri: MIRROR, suite: 'sid', components: ['main'] },
    { uri: MIRROR, suite: 'sid', components: ['main', 'contrib'], signedBy: '/own.gpg' },
  ];
  expect(formatSources(sources, '/default.gpg')).toBe(
    `deb [signed-by=/default.gpg] ${MIRROR} sid main\ndeb [signed-by=/own.gpg] ${MIRROR} sid main contrib\n`,
  );
  expect(parseSourcesList(formatSources(sources, '/default.gpg'))).toHaveLength(2);
});

it("keeps the machine's settings for downloads, and none of its hooks", () => {
  const dump = `APT::Update::Post-Invoke:: "rm -f /var/cache/apt/archives/*.deb || true";
Acquire::http::Proxy "http://proxy.example:3128";
Acquire::IndexTargets::deb::DEP-11::DefaultEnabled "true";
Acquire::Languages "de";
Dir::Etc::sourcelist "sources.list";`;
  const conf = privateAptConf(dump, '/clone/.cache/apt-sid');
  expect(conf).toContain('Acquire::http::Proxy "http://proxy.example:3128";');
  expect(conf).toContain('Dir::Etc::sourcelist "/clone/.cache/apt-sid/sources.list";');
  expect(conf).toContain('Acquire::Languages "none";');
  expect(conf).not.toMatch(/Post-Invoke|DEP-11|"de"/);
});
