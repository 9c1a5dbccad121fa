import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ageMs, findCrowdsec } from '../../control-api/crowdsec/crowdsec-process.ts';
import { survivesHangUp } from '../../control-api/crowdsec/reload-signal.ts';

const CONFIG = '/etc/crowdsec/config.yaml';

let proc: string;
beforeEach(() => (proc = mkdtempSync(join(tmpdir(), 'proc-'))));
afterEach(() => rmSync(proc, { recursive: true }));

function runs(pid: number, name: string, ...words: string[]): void {
  mkdirSync(join(proc, String(pid)));
  writeFileSync(join(proc, String(pid), 'comm'), `${name}\n`);
  writeFileSync(join(proc, String(pid), 'cmdline'), words.map((word) => `${word}\0`).join(''));
}

describe('the CrowdSec to signal', () => {
  it.each([
    ['as the container starts it', ['crowdsec', '-c', CONFIG]],
    ['as the package starts it', ['/usr/bin/crowdsec', '-c', CONFIG]],
    ['with nothing said', ['crowdsec']],
    ['with two dashes and an equals sign', ['crowdsec', '-no-cs', `--c=${CONFIG}`]],
    ['with a path that means the same', ['crowdsec', '-c', '/etc//crowdsec/./config.yaml']],
  ])('is found %s', (_how, words) => {
    runs(1, 'bash', 'bash', '/start.sh');
    runs(7, 'crowdsec', ...words);
    expect(findCrowdsec('auto', CONFIG, proc)).toEqual({ kind: 'found', pid: 7 });
  });

  it('is none of its plugins, no cscli, no ghost', () => {
    runs(3, 'notification-ht', '/usr/lib/crowdsec/plugins/notification-http');
    runs(4, 'cscli', 'cscli', '-c', CONFIG);
    runs(5, 'crowdsec'); // ended, and not yet collected
    mkdirSync(join(proc, '6'));
    mkdirSync(join(proc, 'self'));
    expect(findCrowdsec('auto', CONFIG, proc)).toEqual({
      kind: 'missing',
      reason: 'no CrowdSec runs in this PID namespace',
    });
  });

  it('is never another one, nor one of two', () => {
    runs(7, 'crowdsec', 'crowdsec', '-c', '/srv/other/config.yaml');
    const other = findCrowdsec('auto', CONFIG, proc);
    expect(other.kind === 'missing' && other.reason).toContain('/srv/other/config.yaml');
    runs(8, 'crowdsec', 'crowdsec', '-c', CONFIG);
    expect(findCrowdsec('auto', CONFIG, proc)).toEqual({ kind: 'found', pid: 8 });
    runs(9, 'crowdsec', 'crowdsec');
    const two = findCrowdsec('auto', CONFIG, proc);
    expect(two.kind === 'missing' && two.reason).toContain('several CrowdSecs');
  });

  it('given by its id must be a CrowdSec, wherever its files are', () => {
    runs(1, 'crowdsec', 'crowdsec', '-c', '/srv/other/config.yaml');
    runs(2, 'redis-server', 'redis-server');
    expect(findCrowdsec(1, CONFIG, proc)).toEqual({ kind: 'found', pid: 1 });
    expect(findCrowdsec(2, CONFIG, proc).kind).toBe('missing');
    expect(findCrowdsec(99, CONFIG, proc).kind).toBe('missing');
  });
});

describe('the age of a process', () => {
  it('is the time since its start, whatever its name holds', () => {
    mkdirSync(join(proc, '7'));
    const fields = Array.from({ length: 18 }, () => '0').join(' ');
    writeFileSync(join(proc, '7', 'stat'), `7 (crowd) sec 1) S ${fields} 98000 0 0\n`);
    writeFileSync(join(proc, 'uptime'), '1000.50 1800.00\n');
    expect(ageMs(7, proc)).toBe(20_500);
    expect(ageMs(8, proc)).toBe(0);
  });

  it('is read from the real /proc', () => {
    const sinceNodeMs = process.uptime() * 1_000; // Node itself began a moment after its process
    expect(ageMs(process.pid)).toBeGreaterThan(sinceNodeMs - 1_000);
    expect(ageMs(process.pid)).toBeLessThan(sinceNodeMs + 60_000);
  });
});

describe('SIGHUP', () => {
  it.each([
    [{ major: 1, minor: 4 }, true, true],
    [{ major: 1, minor: 4 }, false, false],
    [{ major: 1, minor: 6 }, false, false],
    [{ major: 1, minor: 7 }, false, true],
    [{ major: 2, minor: 0 }, false, true],
    [undefined, false, false],
    [undefined, true, true],
  ])('to CrowdSec %o with daemonize: %s reloads it: %s', (version, isDaemon, survives) => {
    expect(survivesHangUp(version, isDaemon)).toBe(survives);
  });
});
