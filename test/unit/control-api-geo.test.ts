import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { PlaceFiles } from '../../control-api/decisions/places.ts';
import { prefixOf } from '../support/fake-decision.ts';
import { requireBuild } from '../support/built.ts';
import { mmdb } from './control-api-geo-mmdb.ts';

let folder: string;

beforeAll(requireBuild, 300_000);

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'places-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

describe('where an address is', () => {
  it.each([
    ['8.8.8.8', 'US', 'Google LLC'],
    ['193.99.144.80', 'DE', 'Plus.line AG'],
    ['91.92.1.1', 'BG', 'Neterra Ltd.'],
    ['2a00:1450::1', 'US', 'Google LLC'],
  ])('%s is in %s, at %s, by the files that come along', async (address, country, network) => {
    const places = await PlaceFiles.open(folder);
    expect(places.find(prefixOf(address))).toEqual({ country, as_name: network });
  });

  it.each(['203.0.113.9', '10.0.0.1', '::1', '2001:db8::1'])('%s is nowhere', async (address) => {
    const places = await PlaceFiles.open(folder);
    expect(places.find(prefixOf(address))).toEqual({ country: null, as_name: null });
  });

  it('is what CrowdSec’s own files say, where its data folder has some', async () => {
    await writeFile(join(folder, 'GeoLite2-City.mmdb'), mmdb({ country: { iso_code: 'NZ' } }));
    await writeFile(
      join(folder, 'GeoLite2-ASN.mmdb'),
      mmdb({ autonomous_system_number: 64500, autonomous_system_organization: 'Example <b>AS</b>' }),
    );
    const places = await PlaceFiles.open(folder);
    expect(places.find(prefixOf('8.8.8.8'))).toEqual({ country: 'NZ', as_name: 'Example <b>AS</b>' });
  });

  it('is told from the file that comes along when CrowdSec’s is damaged, or says nonsense', async () => {
    await writeFile(join(folder, 'GeoLite2-City.mmdb'), 'half a download');
    await writeFile(join(folder, 'GeoLite2-ASN.mmdb'), mmdb({ autonomous_system_organization: 7 }));
    const places = await PlaceFiles.open(folder);
    expect(places.find(prefixOf('8.8.8.8'))).toEqual({ country: 'US', as_name: null });
    await writeFile(join(folder, 'GeoLite2-City.mmdb'), mmdb({ country: { iso_code: '<x>' } }));
    expect((await PlaceFiles.open(folder)).find(prefixOf('8.8.8.8'))).toMatchObject({ country: null });
  });
});
