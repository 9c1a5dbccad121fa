/** The licences of what is shipped: production packages, and what the build puts into the page and the data. */
import type { LockFile } from './lock-file.ts';

/** Of development, and yet in what users get. */
export const SHIPPED_BY_THE_BUILD: readonly string[] = ['node_modules/preact', 'node_modules/@ip-location-db/asn'];

/** SPDX names of licences that ask for no more than their text, and dedications to the public. */
const ALLOWED = new Set([
  '0BSD',
  'Apache-2.0',
  'BSD-2-Clause',
  'BSD-3-Clause',
  'BlueOak-1.0.0',
  'CC0-1.0',
  'ISC',
  'MIT',
  'PDDL-1.0', // the table of countries, by iptoasn.com
]);

/** What has no SPDX name. CC BY asks to be named: the page's foot and README do. */
const ANSWERED: Readonly<Record<string, string>> = {
  'node_modules/@ip-location-db/asn': 'SEE LICENSE IN ROUTEVIEWS-LICENSE and DBIP-LICENSE (CC-BY-4.0)',
};

/** The `license` of a package.json, in the forms that it has had over the years. */
export interface LicensedPackage {
  readonly license?: string | { readonly type?: string };
  readonly licenses?: readonly { readonly type?: string }[];
}

export function licenceOf({ license, licenses }: LicensedPackage): string {
  if (typeof license === 'string') return license;
  return license?.type ?? licenses?.map(({ type = '' }) => type).join(' OR ') ?? '';
}

/** `A OR B` needs one of them, `A AND B` both. */
export function isAllowed(expression: string): boolean {
  const bare = expression.replace(/^\((.*)\)$/, '$1');
  return bare.split(' OR ').some((choice) => choice.split(' AND ').every((name) => ALLOWED.has(name.trim())));
}

export function shippedPaths({ packages }: LockFile): readonly string[] {
  const production = Object.entries(packages).filter(([path, { dev }]) => path !== '' && dev !== true);
  return [...production.map(([path]) => path), ...SHIPPED_BY_THE_BUILD.filter((path) => path in packages)];
}

/** @param read the package.json of an installed package; undefined for an optional one that is not here. */
export function licenceProblems(lock: LockFile, read: (path: string) => LicensedPackage | undefined): string[] {
  return shippedPaths(lock).flatMap((path) => {
    const installed = read(path);
    if (installed === undefined)
      return lock.packages[path]?.optional === true ? [] : [`${path} is not installed: npm ci`];
    const licence = licenceOf(installed);
    if (isAllowed(licence) || ANSWERED[path] === licence) return [];
    return [`${path} has the licence "${licence}", which is not among the allowed ones`];
  });
}
