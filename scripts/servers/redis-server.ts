import { mkdir, rm } from 'node:fs/promises';
import { createConnection } from 'node:net';
import type { Binary } from './binaries.ts';
import { Child } from './child.ts';
import { freePort } from './ports.ts';

export interface RedisOptions {
  readonly binary: Binary;
  readonly stateDir: string;
  readonly port?: number;
  /** A unix socket instead of a port. */
  readonly socket?: string;
  /** Keeps the data over a restart; off by default, so that a test can have a Redis that forgets. */
  readonly persistent?: boolean;
  readonly logFile?: string;
}

export class RedisServer extends Child {
  readonly url: string;
  readonly #at: Address;

  private constructor(options: RedisOptions, at: Address) {
    super({
      name: 'Redis',
      command: options.binary.path,
      args: redisArguments(options, at),
      env: options.binary.libraryPath === undefined ? {} : { LD_LIBRARY_PATH: options.binary.libraryPath },
      cwd: options.stateDir,
      ...(options.logFile === undefined ? {} : { logFile: options.logFile }),
      ready: async () => (await sendCommand(at, 'PING')) === '+PONG',
    });
    this.#at = at;
    this.url = 'socket' in at ? `unix://${at.socket}` : `redis://127.0.0.1:${at.port}/0`;
  }

  static async start(options: RedisOptions): Promise<RedisServer> {
    await mkdir(options.stateDir, { recursive: true, mode: 0o700 });
    const at = options.socket === undefined ? { port: options.port ?? (await freePort()) } : { socket: options.socket };
    if ('socket' in at) await rm(at.socket, { force: true });
    const server = new RedisServer(options, at);
    await server.start();
    return server;
  }

  /** One command in Redis's inline form; answers with the first line of the reply, as it came. */
  command(...words: string[]): Promise<string> {
    return sendCommand(this.#at, words.join(' '));
  }

  /** Everything gone, as after the loss of a volume, while the server runs on. */
  async wipe(): Promise<void> {
    await this.command('FLUSHALL');
  }
}

type Address = { readonly port: number } | { readonly socket: string };

export function redisArguments(options: RedisOptions, at: Address): string[] {
  const listen = 'socket' in at ? ['--port', '0', '--unixsocket', at.socket] : ['--port', String(at.port)];
  const keep = options.persistent
    ? ['--appendonly', 'yes', '--appendfsync', 'everysec', '--dir', options.stateDir]
    : ['--appendonly', 'no', '--save', '', '--dir', options.stateDir];
  return ['--bind', '127.0.0.1', ...listen, '--daemonize', 'no', '--loglevel', 'notice', ...keep];
}

const COMMAND_MS = 5_000;

function sendCommand(at: Address, line: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = createConnection('socket' in at ? { path: at.socket } : { host: '127.0.0.1', port: at.port });
    let received = '';
    socket.setTimeout(COMMAND_MS, () => socket.destroy(new Error(`Redis did not answer within ${COMMAND_MS} ms`)));
    socket.on('error', reject);
    socket.on('close', () => reject(new Error('Redis closed the connection')));
    socket.on('data', (chunk: Buffer) => {
      received += chunk.toString('utf8');
      const end = received.indexOf('\r\n');
      if (end < 0) return;
      resolve(received.slice(0, end));
      socket.destroy();
    });
    socket.write(`${line}\r\n`);
  });
}
