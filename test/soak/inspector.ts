import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { WebSocket } from 'undici';
import { call } from '../../scripts/servers/http.ts';
import { memoryOf } from '../bench/measure/process-figures.ts';
import { waitFor } from '../support/wait-for.ts';
import type { Look } from './recorder.ts';

interface Inside {
  readonly heap: number;
  readonly outside: number;
  readonly resources: readonly string[];
}

/** What the process itself knows, after a collection of everything that nobody holds. */
const INSIDE = `(() => {
  const { heapUsed, external } = process.memoryUsage();
  return JSON.stringify({ heap: heapUsed, outside: external, resources: process.getActiveResourcesInfo() });
})()`;

/** Looks into one of our own processes from outside, through Node's inspector: the product needs nothing for it. */
export class Inspector {
  readonly #socket: WebSocket;
  readonly #pid: number;
  #nextId = 1;

  private constructor(socket: WebSocket, pid: number) {
    this.#socket = socket;
    this.#pid = pid;
  }

  /** The setting that opens an inspector on this port of loopback; warnings then say where they come from. */
  static environment(port: number): Readonly<Record<string, string>> {
    return { NODE_OPTIONS: `--inspect=127.0.0.1:${port} --trace-warnings` };
  }

  static async attach(pid: number, port: number): Promise<Inspector> {
    const list = async () => (await call({ url: `http://127.0.0.1:${port}/json/list` })).body;
    const text = await waitFor(list, { what: 'the inspector to answer' });
    const [target] = JSON.parse(text) as { webSocketDebuggerUrl: string }[];
    const socket = new WebSocket(target?.webSocketDebuggerUrl ?? '');
    await once(socket, 'open');
    return new Inspector(socket, pid);
  }

  async look(name: string): Promise<Look> {
    // Twice: what the first collection finalises, the second one frees.
    for (let i = 0; i < 2; i++) await this.#ask('HeapProfiler.collectGarbage', {});
    const { result } = (await this.#ask('Runtime.evaluate', { expression: INSIDE })) as { result: { value: string } };
    const { heap, outside, resources } = JSON.parse(result.value) as Inside;
    return {
      [`${name}: resident`]: memoryOf(this.#pid).residentMb,
      [`${name}: heap`]: heap / 1e6,
      [`${name}: outside the heap`]: outside / 1e6,
      [`${name}: timers`]: resources.filter((kind) => kind === 'Timeout' || kind === 'Immediate').length,
      [`${name}: handles`]: resources.filter((kind) => kind !== 'Timeout' && kind !== 'Immediate').length,
      [`${name}: descriptors`]: descriptorsOf(this.#pid),
    };
  }

  close(): void {
    this.#socket.close();
  }

  #ask(method: string, params: object): Promise<unknown> {
    const id = this.#nextId++;
    return new Promise((resolve, reject) => {
      const onMessage = ({ data }: { data: unknown }) => {
        const answer = JSON.parse(String(data)) as { id?: number; result?: unknown; error?: { message: string } };
        if (answer.id !== id) return;
        this.#socket.removeEventListener('message', onMessage);
        if (answer.error === undefined) resolve(answer.result);
        else reject(new Error(`${method}: ${answer.error.message}`));
      };
      this.#socket.addEventListener('message', onMessage);
      this.#socket.send(JSON.stringify({ id, method, params }));
    });
  }
}

export function descriptorsOf(pid: number): number {
  return readdirSync(`/proc/${pid}/fd`).length;
}
