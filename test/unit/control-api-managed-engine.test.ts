import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
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

let engine: ManagedEngine | undefined;
afterEach(() => engine?.stop());

it('is told to have crashed, although it was told to reload long before', async () => {
  const clock = new FakeClock();
  const folder = temporaryFolder('engine');
  const [pidFile, ready] = [join(folder, 'crowdsec.pid'), join(folder, 'ready')];
  const states: unknown[] = [];
  const events = { write: (_kind: string, _message: string, data?: { state?: unknown }) => states.push(data?.state) };
  const transport = { send: () => Promise.resolve({ status: existsSync(ready) ? 200 : 503, text: '{"status":"up"}' }) };
  engine = new ManagedEngine({
    command: { words: [process.execPath, '-e', reloading(ready)], environment: {}, pidFile },
    transport: transport as unknown as LapiTransport,
    version: () => Promise.resolve(undefined),
    events: events as unknown as EventWriter,
    clock,
    log: fakeLog().log,
  });
  engine.want(true);
  await waitFor(() => states.includes('running'), { what: 'the engine to run' });
  expect(await engine.reload()).toEqual({ kind: 'reloaded' });
  clock.advance(60_000);
  process.kill(Number(readFileSync(pidFile, 'utf8')), 'SIGKILL');
  await waitFor(() => states.includes('crashed'), { what: 'the crash to be told' });
});
