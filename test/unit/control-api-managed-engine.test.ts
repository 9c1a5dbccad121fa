import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../bouncer/shared/runtime/clock.ts';
import type { LapiTransport } from '../../control-api/crowdsec/lapi-transport.ts';
import { ManagedEngine } from '../../control-api/crowdsec/managed-engine.ts';
import type { EventWriter } from '../../control-api/events/event-writer.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { fakeLog } from '../support/fake-log.ts';
import { waitFor } from '../support/wait-for.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

/** As CrowdSec with `daemonize: true`: it reloads on SIGHUP, and goes on; the file tells that it is there. */
const reloading = (file: string) =>
  `process.on('SIGHUP', () => undefined); setInterval(() => undefined, 1000); fs.writeFileSync(${JSON.stringify(file)}, '')`;

let folder: string;
let pidFile: string;
/** Is there as soon as the program runs, and with it its LAPI. */
let ready: string;
let states: unknown[];
let engine: ManagedEngine | undefined;

beforeEach(() => {
  folder = temporaryFolder('engine');
  [pidFile, ready, states] = [join(folder, 'crowdsec.pid'), join(folder, 'ready'), []];
});

afterEach(() => engine?.stop());

function managed({ clock = systemClock, at = pidFile } = {}): ManagedEngine {
  const events = { write: (_kind: string, _message: string, data?: { state?: unknown }) => states.push(data?.state) };
  const transport = { send: () => Promise.resolve({ status: existsSync(ready) ? 200 : 503, text: '{"status":"up"}' }) };
  engine = new ManagedEngine({
    command: { words: [process.execPath, '-e', reloading(ready)], environment: {}, pidFile: at },
    transport: transport as unknown as LapiTransport,
    version: () => Promise.resolve(undefined),
    events: events as unknown as EventWriter,
    clock,
    log: fakeLog().log,
  });
  return engine;
}

const until = (state: string) => waitFor(() => states.includes(state), { what: `the engine to be ${state}` });

it('is told to have crashed, although it was told to reload long before', async () => {
  const clock = new FakeClock();
  const engine = managed({ clock });
  engine.want(true);
  await until('running');
  expect(await engine.reload()).toEqual({ kind: 'reloaded' });
  clock.advance(60_000);
  process.kill(Number(readFileSync(pidFile, 'utf8')), 'SIGKILL');
  await until('crashed');
});

describe('where its process id cannot be written', { timeout: 60_000 }, () => {
  /** The programs that name this test's own folder. */
  const programs = () =>
    readdirSync('/proc').filter((id) => {
      try {
        return /^\d+$/.test(id) && readFileSync(`/proc/${id}/cmdline`, 'utf8').includes(folder);
      } catch {
        return false; // it has ended meanwhile
      }
    });

  it('counts as crashed, says why, and runs as soon as there is a folder for it', async () => {
    const inTheWay = join(folder, 'state');
    writeFileSync(inTheWay, '');
    const engine = managed({ at: join(inTheWay, 'crowdsec.pid') });
    engine.want(true);
    await until('crashed');
    expect((await engine.status()).error).toMatch(/ENOTDIR|EEXIST/);
    expect((await engine.status()).error).toContain(`'${inTheWay}'`);
    rmSync(inTheWay);
    await until('running');
    expect(await engine.status()).not.toHaveProperty('error');
  });

  it('leaves no program behind that nobody would find', async () => {
    mkdirSync(pidFile);
    const engine = managed({ clock: new FakeClock() });
    engine.want(true);
    await until('crashed');
    expect((await engine.status()).error).toMatch(/^its process id could not be written: EISDIR.* STATE_DIR/);
    expect(programs()).toEqual([]);
  });

  it('is ended in order, although the file cannot be removed', async () => {
    const engine = managed();
    engine.want(true);
    await until('running');
    rmSync(pidFile);
    mkdirSync(pidFile);
    engine.want(false);
    await until('stopped');
    expect(programs()).toEqual([]);
  });
});
