/**
 * Writes `networks.mmdb` beside the built control API: which organisation runs the network that an address is in. The
 * lists come from @ip-location-db/asn, which is needed for the build only: 64 MB of text become one file of a few.
 */
import { createReadStream } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { projectRoot } from '../servers/project-root.ts';
import { MmdbFile } from './mmdb-file.ts';
import { joined, type NetworkRange, readNetworkLine } from './network-csv.ts';

const LISTS = ['asn-ipv4-num.csv', 'asn-ipv6-num.csv'];

/** Long enough to know who it is. */
const LONGEST_NAME = 80;

async function* rangesIn(path: string): AsyncGenerator<NetworkRange> {
  for await (const line of createInterface({ input: createReadStream(path) })) {
    const range = readNetworkLine(line);
    if (range !== undefined) yield range;
  }
}

/** The version of the package ends in the day of its data, such as 2.3.2026061719. */
function dayOf(version: string): Date {
  const [, year, month, day] = /\.(\d{4})(\d{2})(\d{2})\d*$/.exec(version) ?? [];
  return new Date(`${year}-${month}-${day}T00:00:00Z`);
}

const manifest = fileURLToPath(import.meta.resolve('@ip-location-db/asn/package.json'));
const { version } = JSON.parse(await readFile(manifest, 'utf8')) as { version: string };
const file = new MmdbFile('Networks', dayOf(version));
for (const list of LISTS) {
  for await (const { first, last, organisation } of joined(rangesIn(join(dirname(manifest), list)))) {
    file.add(first, last, 'autonomous_system_organization', organisation.slice(0, LONGEST_NAME));
  }
}
await writeFile(join(projectRoot, 'dist', 'control-api', 'networks.mmdb'), file.toBuffer());
