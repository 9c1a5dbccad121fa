import { existsSync, mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { LaneFolder } from '../../bouncer/enforce/lane-folder.ts';
import { type Address, parseAddress } from '../../bouncer/shared/net/prefix.ts';

let root: string;
let folder: LaneFolder;

const at = (text: string): Address => {
  const address = parseAddress(text);
  if (address === undefined) throw new Error(`the test says ${text} is an address`);
  return address;
};
const inside = (...names: string[]) => join(root, ...names);

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'lane-'));
  folder = new LaneFolder(root);
  folder.open();
  folder.set(at('192.0.2.1'), 'ban');
  folder.set(at('192.0.2.2'), 'allow');
  folder.set(at('2001:db8::1'), 'ban');
});

afterEach(() => rmSync(root, { recursive: true, force: true }));

describe('a lane’s folder', () => {
  it('is as it was left while only we write to it', () => {
    expect(folder.isAsLeft()).toBe(true);
    folder.set(at('192.0.2.3'), 'ban');
    folder.set(at('192.0.2.1'), undefined);
    folder.setProof('secret', true);
    expect(folder.isAsLeft()).toBe(true);
    expect(folder.isAsLeft()).toBe(true);
  });

  it.each([
    ['a ban is taken away', () => rmSync(inside('ban', '2001:db8::1'))],
    ['one spelling of a ban is taken away', () => rmSync(inside('ban', '::ffff:192.0.2.1'))],
    ['an exception is taken away', () => rmSync(inside('allow', '192.0.2.2'))],
    ['everything is taken away', () => readdirSync(inside('ban')).forEach((name) => rmSync(inside('ban', name)))],
    ['a ban is added', () => writeFileSync(inside('ban', '2001:db8::2'), '')],
    [
      'a ban is exchanged for another',
      () => {
        rmSync(inside('ban', '2001:db8::1'));
        writeFileSync(inside('ban', '2001:db8::2'), '');
      },
    ],
  ])('is not when %s, at once or long after', (_, meddle) => {
    expect(folder.isAsLeft()).toBe(true);
    meddle();
    expect(folder.isAsLeft()).toBe(false);
    folder.open();
    expect(folder.isAsLeft()).toBe(true);
  });

  it('has both spellings of an entry, or none, whatever it found', () => {
    rmSync(inside('ban', '192.0.2.1'));
    folder.open();
    expect(existsSync(inside('ban', '192.0.2.1'))).toBe(true);
    folder.set(at('192.0.2.1'), undefined);
    expect(readdirSync(inside('ban'))).toEqual(['2001:db8::1']);
  });

  it('notices a change within the same step of the file system’s clock, and one after it was seen to be at rest', () => {
    const long = new Date(Date.now() - 60_000);
    utimesSync(inside('ban'), long, long);
    expect(folder.isAsLeft()).toBe(true); // at rest: from now on its time is believed
    const now = new Date(Date.now() + 60_000); // not at rest, however long the rest of this takes
    rmSync(inside('ban', '2001:db8::1'));
    utimesSync(inside('ban'), now, now);
    expect(folder.isAsLeft()).toBe(false);
    folder.open();
    folder.set(at('2001:db8::7'), 'ban');
    utimesSync(inside('ban'), now, now);
    expect(folder.isAsLeft()).toBe(true);
    rmSync(inside('ban', '2001:db8::7'));
    utimesSync(inside('ban'), now, now); // as if both had happened in one step
    expect(folder.isAsLeft()).toBe(false);
  });

  it('does not mind files that Caddy would take for no entry', () => {
    for (const name of ['.nfs0001', 'README', '192.0.2.01', '2001:DB8::9']) writeFileSync(inside('ban', name), '');
    expect(folder.isAsLeft()).toBe(true);
    folder.open();
    expect(existsSync(inside('ban', 'README'))).toBe(true);
    expect(folder.has(at('2001:db8::9'))).toBe(false);
  });

  it('tells whether there is room for an entry, and leaves nothing behind', () => {
    folder.tryEntry();
    expect(readdirSync(inside('proof'))).toEqual([]);
    rmSync(inside('proof'), { recursive: true });
    writeFileSync(inside('proof'), 'no folder');
    expect(() => folder.tryEntry()).toThrow('ENOTDIR');
  });

  it('that is gone is an error, which whoever owns it takes for the loss that it is', () => {
    rmSync(root, { recursive: true });
    expect(() => folder.isAsLeft()).toThrow('ENOENT');
  });
});
