import { connect, type Socket } from 'node:net';

/** One answer, taken out of the bytes of a connection. */
export interface RawAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export interface RawOptions {
  readonly localAddress?: string;
  readonly withinMs?: number;
}

const WITHIN_MS = 45_000;

/** A connection that sends what it is told, however wrong, and keeps what comes back. */
export class RawClient {
  readonly #socket: Socket;
  #received = '';
  readonly #closed: Promise<void>;
  isClosed = false;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.setEncoding('latin1');
    socket.on('data', (text: string) => (this.#received += text));
    socket.on('error', () => undefined); // a reset is an end as well
    this.#closed = new Promise((resolve) =>
      socket.once('close', () => {
        this.isClosed = true;
        resolve();
      }),
    );
  }

  static open(port: number, localAddress = '127.0.0.1'): Promise<RawClient> {
    return new Promise((resolve, reject) => {
      const socket = connect({ host: '127.0.0.1', port, localAddress });
      socket.once('error', reject);
      socket.once('connect', () => {
        socket.off('error', reject);
        resolve(new RawClient(socket));
      });
    });
  }

  /** One byte for each character. */
  send(text: string): void {
    if (!this.#socket.destroyed) this.#socket.write(Buffer.from(text, 'latin1'));
  }

  /** From now on nothing is taken out of the kernel's buffers. */
  stopReading(): void {
    this.#socket.pause();
  }

  get bytesReceived(): number {
    return this.#received.length;
  }

  get answers(): readonly RawAnswer[] {
    return this.#received.split(/(?=HTTP\/1\.[01] \d{3} )/).flatMap(readAnswer);
  }

  /** @throws Error when the server has not closed the connection by then. */
  async untilClosed(withinMs = WITHIN_MS): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(
        () =>
          reject(new Error(`still open after ${withinMs} ms, with ${JSON.stringify(this.#received.slice(0, 300))}`)),
        withinMs,
      );
    });
    await Promise.race([this.#closed, late]).finally(() => clearTimeout(timer));
  }

  close(): void {
    this.#socket.destroy();
  }
}

/** Sends these very bytes on a connection of their own, and gives back every answer until the server closes it. */
export async function exchange(port: number, text: string, options: RawOptions = {}): Promise<readonly RawAnswer[]> {
  const client = await RawClient.open(port, options.localAddress);
  try {
    client.send(text);
    await client.untilClosed(options.withinMs);
    return client.answers;
  } finally {
    client.close();
  }
}

/** `GET /path HTTP/1.1`, with a Host that is right unless there is one in `headers`, and an end after the answer. */
export function head(line: string, headers: Readonly<Record<string, string>> = {}): string {
  const all = { Host: 'localhost', Connection: 'close', ...headers };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
  return `${line} HTTP/1.1\r\n${lines.join('')}\r\n`;
}

export function portOf(url: string): number {
  return Number(new URL(url).port);
}

function readAnswer(text: string): RawAnswer[] {
  const status = /^HTTP\/1\.[01] (\d{3}) /.exec(text)?.[1];
  if (status === undefined) return [];
  const end = text.indexOf('\r\n\r\n');
  const lines = text.slice(0, end).split('\r\n').slice(1);
  const headers = Object.fromEntries(
    lines.map((line) => [line.slice(0, line.indexOf(':')).toLowerCase(), line.slice(line.indexOf(':') + 1).trim()]),
  );
  return [{ status: Number(status), headers, body: text.slice(end + 4) }];
}
