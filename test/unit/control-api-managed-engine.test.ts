import { spawn } from 'node:child_process';
import { once } from 'node:events';
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

/** As CrowdSec with `daemonize: true`: it reloads on SIGHUP, and goes on; the files tell that it is there, and reloads. */
const reloading = (file: string) =>
  `process.on('SIGHUP', () => fs.writeFileSync('${file}.reload', '')); setInterval(() => undefined, 1000); fs.writeFileSync('${file}', '')`;

let folder: string;
let pidFile: string;
/** Is there as soon as the program runs, and with it its LAPI. */
let ready: string;
/** Holds LAPI back, as a large database does. */
let isLapiUp: boolean;
let states: unknown[];
let logged: ReturnType<typeof fakeLog>;
let engine: ManagedEngine | undefined;

beforeEach(() => {
  folder = temporaryFolder('engine');
  [pidFile, ready, states] = [join(folder, 'crowdsec.pid'), join(folder, 'ready'), []];
  [isLapiUp, logged] = [true, fakeLog()];
});

afterEach(() => engine?.stop());

function managed({ clock = systemClock, at = pidFile } = {}): ManagedEngine {
  const events = { write: (_kind: string, _message: string, data?: { state?: unknown }) => states.push(data?.state) };
  const status = () => (isLapiUp && existsSync(ready) ? 200 : 503);
  const transport = { send: () => Promise.resolve({ status: status(), text: '{"status":"up"}' }) };
  engine = new ManagedEngine({
    command: { words: [process.execPath, '-e', reloading(ready)], environment: {}, pidFile: at },
    transport: transport as unknown as LapiTransport,
    version: () => Promise.resolve(undefined),
    events: events as unknown as EventWriter,
    clock,
    log: logged.log,
  });
  return engine;
}

const until = (state: string) => waitFor(() => states.includes(state), { what: `the engine to be ${state}` });

it('is told to have crashed, although it was told to reload long before', { timeout: 60_000 }, async () => {
  const clock = new FakeClock();
  const engine = managed({ clock });
  engine.want(true);
  await until('running');
  expect(await engine.reload()).toEqual({ kind: 'reloaded' });
  clock.advance(60_000);
  process.kill(Number(readFileSync(pidFile, 'utf8')), 'SIGKILL');
  await until('crashed');
});

describe('while LAPI is not ready', { timeout: 60_000 }, () => {
  it('is told after a minute and a half, once, and runs when LAPI is ready after all', async () => {
    const clock = new FakeClock();
    isLapiUp = false;
    const engine = managed({ clock });
    const error = async () => (await engine.status()).error;
    engine.want(true);
    await waitFor(() => existsSync(ready), { what: 'the program to run' });
    expect(await error()).toBeUndefined();
    clock.advance(91_000);
    await waitFor(error, { what: 'the error' });
    engine.want(true); // has it look again at once
    expect(await error()).toContain('after 90 s: check that CROWDSEC_LAPI_URL');
    expect((await engine.status()).state).toBe('starting');
    isLapiUp = true;
    await until('running');
    expect(await error()).toBeUndefined();
    expect(logged.warnings()).toEqual([expect.stringContaining('LAPI not available after 90 s')]);
  });

  it('remembers that it was told to reload, and reloads when it runs', async () => {
    isLapiUp = false;
    const engine = managed();
    engine.want(true);
    await waitFor(() => existsSync(ready), { what: 'the program to run' });
    expect(await engine.reload()).toMatchObject({ nextStep: 'It is being started, and reads the change by itself.' });
    expect(existsSync(`${ready}.reload`)).toBe(false);
    isLapiUp = true;
    await waitFor(() => existsSync(`${ready}.reload`), { what: 'the reload' });
    expect(states).toEqual(['starting', 'running']);
  });

  it('does not reload one that was started after it was told to', async () => {
    isLapiUp = false;
    const engine = managed();
    engine.want(true);
    await waitFor(() => existsSync(ready), { what: 'the program to run' });
    await engine.reload();
    process.kill(Number(readFileSync(pidFile, 'utf8')), 'SIGKILL');
    await until('crashed');
    isLapiUp = true;
    await until('running');
    expect(logged.lines.map(({ msg }) => msg)).not.toContain('[CROWDSEC_STARTUP] CrowdSec reloads');
  });
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

describe('a process id that an earlier run left behind', { timeout: 60_000 }, () => {
  const program = (words: readonly string[]) => spawn(words[0] ?? '', words.slice(1), { stdio: 'ignore' });
  let other: ReturnType<typeof program> | undefined;
  afterEach(() => other?.kill('SIGKILL'));

  it("is another program's by now, with CrowdSec in its name: that is left alone", async () => {
    other = program([process.execPath, '-e', 'setInterval(() => undefined, 1000)', 'caddy-crowdsec-sidecar']);
    writeFileSync(pidFile, String(other.pid));
    managed().want(true);
    await until('running');
    expect([other.exitCode, other.signalCode]).toEqual([null, null]);
  });

  it('is still that CrowdSec: it is ended, and the log says so', async () => {
    other = program([process.execPath, '-e', reloading(ready)]);
    const ended = once(other, 'exit');
    await waitFor(() => existsSync(ready), { what: 'the one left over to run' });
    writeFileSync(pidFile, String(other.pid));
    managed().want(true);
    expect(await ended).toEqual([null, 'SIGTERM']);
    expect(logged.warnings().join()).toMatch(/of an earlier run was still there and was ended/);
  });
});
