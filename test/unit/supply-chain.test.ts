import { describe, expect, it } from 'vitest';
import { problemsOfTheTree } from '../../scripts/supply.ts';
import { readAudit } from '../../scripts/supply/audit.ts';
import { isAllowed, licenceOf, licenceProblems, shippedPaths } from '../../scripts/supply/licences.ts';
import {
  type LockedPackage,
  lockProblems,
  manifestProblems,
  npmrcProblems,
  staleAnswers,
} from '../../scripts/supply/lock-file.ts';

const GOOD: LockedPackage = { version: '1.2.3', integrity: `sha512-${'a'.repeat(86)}==` };
const lock = (packages: Record<string, LockedPackage>) => ({ lockfileVersion: 3, packages: { '': {}, ...packages } });

it('this project installs exact versions by strong hashes, runs nothing, and ships what it may', () => {
  expect(problemsOfTheTree()).toEqual([]);
});

describe('package.json', () => {
  it.each([
    '^1.2.3',
    '~1.2.3',
    '1.2',
    '*',
    'latest',
    '>=1.0.0',
    'git+ssh://host/x.git',
    'file:../x',
    'npm:other@1.2.3',
    'workspace:*',
  ])('may not ask for %s', (version) => {
    for (const kind of ['dependencies', 'devDependencies', 'optionalDependencies']) {
      expect(manifestProblems({ [kind]: { x: version } })).toEqual([
        `package.json: x is "${version}", which is not one exact version`,
      ]);
    }
  });

  it('may run nothing at an installation', () => {
    for (const hook of ['preinstall', 'install', 'postinstall', 'prepare']) {
      expect(manifestProblems({ scripts: { [hook]: 'true', build: 'true' } })).toHaveLength(1);
    }
    expect(manifestProblems({ dependencies: { x: '1.2.3', y: '1.0.0-rc.1' }, scripts: { build: 'true' } })).toEqual([]);
  });
});

describe('the lock file', () => {
  it.each<[string, LockedPackage]>([
    ['has no sha512 hash', { version: '1.2.3' }],
    ['has no sha512 hash', { ...GOOD, integrity: 'sha1-aaaa' }],
    ['names a place of its own', { ...GOOD, resolved: 'https://elsewhere.example/x.tgz' }],
    ['names a place of its own', { ...GOOD, resolved: 'git+ssh://elsewhere.example/x.git#1' }],
    ['is a link', { ...GOOD, link: true }],
    ['has the version ""', { integrity: GOOD.integrity ?? '' }],
    ['runs a script', { ...GOOD, hasInstallScript: true }],
    ['runs a script', { ...GOOD, hasInstallScript: true, dev: true }],
  ])('tells of a package that %s', (problem, entry) => {
    expect(lockProblems(lock({ 'node_modules/x': entry }))).toEqual([
      expect.stringContaining(`node_modules/x ${problem}`),
    ]);
  });

  it('is fine otherwise, and an answer that nothing needs is told', () => {
    expect(lockProblems(lock({ 'node_modules/x': GOOD }))).toEqual([]);
    expect(lockProblems({ ...lock({}), lockfileVersion: 2 })).toHaveLength(1);
    expect(staleAnswers(lock({}))).toHaveLength(1);
  });
});

const OURS = 'ignore-scripts=true\nsave-exact=true\nomit-lockfile-registry-resolved=true\n';

it('.npmrc turns scripts off, and names no registry and no secret', () => {
  expect(npmrcProblems(OURS)).toEqual([]);
  expect(npmrcProblems('')).toHaveLength(3);
  for (const line of [
    'registry=https://elsewhere.example',
    '//elsewhere.example/:_authToken=secret',
    '@scope:registry=https://elsewhere.example',
  ]) {
    const problems = npmrcProblems(`${OURS}${line}`);
    expect(problems).toHaveLength(1);
    expect(problems[0]).not.toContain('secret');
  }
});

describe('licences', () => {
  it.each([
    ['MIT', true],
    ['(MIT OR GPL-3.0-only)', true],
    ['MIT AND ISC', true],
    ['MIT AND GPL-3.0-only', false],
    ['GPL-3.0-only', false],
    ['AGPL-3.0', false],
    ['BUSL-1.1', false],
    ['UNLICENSED', false],
    ['SEE LICENSE IN LICENSE', false],
    ['', false],
  ])('"%s": %s', (expression, allowed) => expect(isAllowed(expression)).toBe(allowed));

  it('are read in every form that package.json has had', () => {
    expect(licenceOf({ license: { type: 'MIT' } })).toBe('MIT');
    expect(licenceOf({ licenses: [{ type: 'MIT' }, { type: 'GPL-2.0' }] })).toBe('MIT OR GPL-2.0');
    expect(licenceOf({})).toBe('');
  });

  it('count for production and for what the build ships, and not for tools', () => {
    const packages = lock({
      'node_modules/a': GOOD,
      'node_modules/tool': { ...GOOD, dev: true },
      'node_modules/preact': { ...GOOD, dev: true },
    });
    expect(shippedPaths(packages)).toEqual(['node_modules/a', 'node_modules/preact']);
    expect(licenceProblems(packages, () => ({ license: 'AGPL-3.0' }))).toHaveLength(2);
    expect(licenceProblems(packages, () => undefined)).toHaveLength(2);
    expect(licenceProblems(packages, () => ({ license: 'MIT' }))).toEqual([]);
  });
});

describe('npm audit', () => {
  const advisory = {
    url: 'https://github.com/advisories/GHSA-aaaa-bbbb-cccc',
    title: 'Something bad',
    severity: 'high',
  };
  const found = JSON.stringify({ vulnerabilities: { x: { via: [advisory] }, y: { via: ['x'] } } });

  it('is clean, or names each advisory once, unless it was answered', () => {
    expect(readAudit('{"vulnerabilities":{}}')).toEqual({ kind: 'clean' });
    expect(readAudit(found)).toEqual({ kind: 'findings', lines: ['x: Something bad (high, GHSA-aaaa-bbbb-cccc)'] });
    expect(readAudit(found, { 'GHSA-aaaa-bbbb-cccc': 'not called here' })).toEqual({ kind: 'clean' });
  });

  it.each([
    ['{"message":"405 Method Not Allowed","error":{"summary":"","detail":""}}', '405 Method Not Allowed'],
    ['{"error":{"summary":"audit endpoint returned an error"}}', 'audit endpoint returned an error'],
    ['', 'npm audit gave no report'],
    ['<html>', 'npm audit gave no report'],
  ])('that was not answered is told: %s', (stdout, why) => {
    expect(readAudit(stdout)).toEqual({ kind: 'unavailable', why });
  });
});
