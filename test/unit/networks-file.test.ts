import { Reader, type Response } from 'maxmind';
import { describe, expect, it } from 'vitest';
import { MmdbFile } from '../../scripts/networks/mmdb-file.ts';
import { joined, type NetworkRange, readNetworkLine } from '../../scripts/networks/network-csv.ts';

const range = (first: number | bigint, last: number | bigint, organisation: string): NetworkRange => ({
  first: BigInt(first),
  last: BigInt(last),
  organisation,
});

const fileOf = (...ranges: NetworkRange[]) => {
  const file = new MmdbFile('Test', new Date('2026-06-17'));
  for (const { first, last, organisation } of ranges) file.add(first, last, 'organisation', organisation);
  return file;
};

/** As the reader that the control API uses reads it. */
const readerOf = (...ranges: NetworkRange[]) => new Reader<Response>(fileOf(...ranges).toBuffer());

describe('a file of networks', () => {
  it('knows the first and the last address of a range, and not those beside it', () => {
    const reader = readerOf(range(0x01000001, 0x010002fe, 'one'), range(0x01000300, 0x01000300, 'two'));
    const who = (address: string) => reader.get(address);
    expect(who('1.0.0.0')).toBeNull();
    expect(who('1.0.0.1')).toEqual({ organisation: 'one' });
    expect(who('1.0.2.254')).toEqual({ organisation: 'one' });
    expect(who('1.0.2.255')).toBeNull();
    expect(who('1.0.3.0')).toEqual({ organisation: 'two' });
    expect(who('1.0.3.1')).toBeNull();
  });

  it('tells IPv6 from IPv4', () => {
    const reader = readerOf(
      range(0x08080808, 0x08080808, 'four'),
      range(0x2001n << 112n, (0x2002n << 112n) - 1n, 'six'),
    );
    expect(reader.get('8.8.8.8')).toEqual({ organisation: 'four' });
    expect(reader.get('2001:ffff::1')).toEqual({ organisation: 'six' });
    expect(reader.get('2002::')).toBeNull();
  });

  it('holds whatever addresses there are, a name of any script, and each name once', () => {
    const everything = (1n << 128n) - 1n;
    const reader = readerOf(range(0, everything, 'Ünïcode Нет 网络'));
    for (const address of ['0.0.0.0', '255.255.255.255', '::', 'ffff::']) {
      expect(reader.get(address)).toEqual({ organisation: 'Ünïcode Нет 网络' });
    }
    const name = 'x'.repeat(284);
    const apart = Array.from({ length: 100 }, (_, i) => range(i * 2, i * 2, name));
    expect(
      fileOf(...apart)
        .toBuffer()
        .toString()
        .split(name),
    ).toHaveLength(2);
    expect(readerOf(...apart).get('0.0.0.198')).toEqual({ organisation: name });
  });

  it('says which day its data are of', () => {
    expect(readerOf(range(1, 1, 'one')).metadata).toMatchObject({ buildEpoch: new Date('2026-06-17'), ipVersion: 6 });
  });

  it('refuses two names for one address, and a name that is longer than it can write', () => {
    expect(() => fileOf(range(0, 255, 'one'), range(16, 16, 'two'))).toThrow('two records for an address: 10/128');
    expect(() => fileOf(range(16, 16, 'one'), range(0, 255, 'two'))).toThrow('two records for an address: 0/120');
    expect(() => fileOf(range(0, 0, 'x'.repeat(285)))).toThrow('longer than this writer writes: 284');
  });
});

describe('a line of the list', () => {
  it.each([
    ['16777216,16777471,13335,"Cloudflare, Inc."', range(16777216, 16777471, 'Cloudflare, Inc.')],
    ['16778240,16779263,38803,Gtelecom Pty Ltd', range(16778240, 16779263, 'Gtelecom Pty Ltd')],
    ['1,2,3,"""Cloud"" LLC"', range(1, 2, '"Cloud" LLC')],
    [`${2n ** 128n - 1n},${2n ** 128n - 1n},3,six`, range(2n ** 128n - 1n, 2n ** 128n - 1n, 'six')],
    ['1,2,3,', undefined],
    ['1,2,3,""', undefined],
  ])('%s is read', (line, expected) => {
    expect(readNetworkLine(line)).toEqual(expected);
  });

  it.each(['', 'a,b,c,d', '1,2,3', '1,2,3,"open', '1.0.0.0,1.0.0.255,13335,dotted'])('%j is refused', (line) => {
    expect(() => readNetworkLine(line)).toThrow('not a line of networks');
  });
});

describe('neighbours', () => {
  const join = async (...ranges: NetworkRange[]) => {
    const done: NetworkRange[] = [];
    for await (const one of joined(from(ranges))) done.push(one);
    return done;
  };
  async function* from(ranges: readonly NetworkRange[]) {
    for (const one of ranges) yield await Promise.resolve(one);
  }

  it('of one name are one range', async () => {
    expect(await join(range(0, 4, 'one'), range(5, 9, 'one'), range(11, 12, 'one'), range(13, 14, 'two'))).toEqual([
      range(0, 9, 'one'),
      range(11, 12, 'one'),
      range(13, 14, 'two'),
    ]);
  });

  it('that overlap keep what was said first', async () => {
    expect(await join(range(0, 9, 'one'), range(5, 7, 'two'), range(8, 12, 'three'))).toEqual([
      range(0, 9, 'one'),
      range(10, 12, 'three'),
    ]);
    expect(await join()).toEqual([]);
  });
});
