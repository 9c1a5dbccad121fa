import { createConnection, createServer, type NetConnectOpts, type Server, type Socket } from 'node:net';
import type { AddressInfo } from 'node:net';
import { TLSSocket } from 'node:tls';
import type { TestCertificates } from './internet/certificates.ts';

/** What goes wrong between two parts. Lengths are bytes of what the server answers, times are milliseconds. */
export type Fault = (
  | { readonly kind: 'none' }
  /** Every piece of an answer comes so much later. */
  | { readonly kind: 'delay'; readonly ms: number }
  /** An answer comes in pieces of one byte. */
  | { readonly kind: 'drip'; readonly everyMs: number }
  /** The connection breaks off in the middle of the answer; 0: as soon as it stands. */
  | { readonly kind: 'cut'; readonly afterBytes: number }
  /** Connections are taken and stand, and nothing ever comes through, as behind a firewall that forgot them. */
  | { readonly kind: 'half_open' }
  /** Something else answers. The connection ends after it, or stays. */
  | { readonly kind: 'answer'; readonly bytes: string | Buffer; readonly then: 'end' | 'stay' }
) & {
  /** Only connections on which the client begins with these bytes, such as `PATCH `. */
  readonly only?: string;
};

export const NO_FAULT: Fault = { kind: 'none' };

/** Bytes that are no text in any protocol. */
export const GARBAGE = Buffer.from([
  0xff, 0x00, 0xfe, 0x13, 0x37, 0x0d, 0x0a, 0x00, 0xc3, 0x28, 0x0d, 0x0a, 0x0d, 0x0a,
]);

interface HttpReply {
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** What Content-Length claims, where that is a lie. */
  readonly length?: number;
}

/** A whole HTTP answer, for the fault `answer`. */
export function httpReply(status: number, { headers = {}, body = '', length }: HttpReply = {}): Fault {
  const lines = Object.entries({
    'content-type': 'application/json',
    'content-length': String(length ?? Buffer.byteLength(body)),
    connection: 'close',
    ...headers,
  }).map(([name, value]) => `${name}: ${value}`);
  return { kind: 'answer', bytes: [`HTTP/1.1 ${status} said`, ...lines, '', body].join('\r\n'), then: 'end' };
}

interface Listening {
  /** A unix socket instead of a port. */
  readonly path?: string;
  /** TLS towards the client, with this certificate; plain towards the server. */
  readonly certificates?: TestCertificates;
}

/**
 * Stands between a client and a server and does to their connections what networks do. It knows nothing of what they
 * say. A new fault takes hold of the connections that are open, too.
 */
export class FaultProxy {
  /** Where clients find it, with the scheme and path of the address that it stands before. */
  readonly url: string;
  /** How many connections clients have made. */
  accepted = 0;
  /** How many were open at once, at most. */
  mostOpen = 0;
  readonly #server: Server;
  #target: NetConnectOpts;
  #certificates: TestCertificates | undefined;
  #fault: Fault = NO_FAULT;
  readonly #links = new Set<Link>();

  private constructor(server: Server, url: string, target: NetConnectOpts, certificates: TestCertificates | undefined) {
    this.#server = server;
    this.url = url;
    this.#target = target;
    this.#certificates = certificates;
    server.on('connection', (socket) => this.#accept(socket));
  }

  /** @param address as the settings take it: `http://host:port`, `redis://host:port/0`, `unix//path`, `unix:///path`. */
  static async before(address: string, { path, certificates }: Listening = {}): Promise<FaultProxy> {
    const server = createServer();
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      if (path === undefined) server.listen(0, '127.0.0.1', resolve);
      else server.listen(path, resolve);
    });
    const port = path === undefined ? (server.address() as AddressInfo).port : 0;
    return new FaultProxy(server, addressOf(address, port, path, certificates), targetOf(address), certificates);
  }

  get open(): number {
    return this.#links.size;
  }

  /** From now on, until another one. */
  set(fault: Fault): void {
    const was = this.#fault;
    this.#fault = fault;
    // What a dead connection has swallowed cannot be had again; what answers instead does so from the first byte.
    const isForNewOnes = fault.kind === 'cut' || fault.kind === 'answer';
    if (isForNewOnes || was.kind === 'half_open') for (const link of this.#links) link.break();
  }

  heal(): void {
    this.set(NO_FAULT);
  }

  /** Another certificate for the next connections; those that stand are ended. */
  present(certificates: TestCertificates): void {
    this.#certificates = certificates;
    for (const link of this.#links) link.break();
  }

  /** Another server behind it, as when a name comes to stand for another machine. */
  leadTo(address: string): void {
    this.#target = targetOf(address);
    for (const link of this.#links) link.break();
  }

  async stop(): Promise<void> {
    for (const link of this.#links) link.break();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #accept(socket: Socket): void {
    this.accepted++;
    const { cert, key } = { cert: this.#certificates?.certificate, key: this.#certificates?.key };
    const client =
      cert === undefined || key === undefined ? socket : new TLSSocket(socket, { isServer: true, cert, key });
    const link: Link = new Link(
      client,
      () => this.#fault,
      () => createConnection(this.#target),
      () => {
        socket.destroy();
        this.#links.delete(link);
      },
    );
    this.#links.add(link);
    this.mostOpen = Math.max(this.mostOpen, this.#links.size);
    link.start();
  }
}

/** One client's connection, and the one to the server that belongs to it. */
class Link {
  readonly #client: Socket;
  readonly #fault: () => Fault;
  readonly #connect: () => Socket;
  readonly #ended: () => void;
  #server: Socket | undefined;
  /** What is on its way to the client, in order. */
  #sending: Promise<void> = Promise.resolve();
  #sent = 0;
  /** What the client said first. */
  #beginning = '';
  #isBroken = false;

  constructor(client: Socket, fault: () => Fault, connect: () => Socket, ended: () => void) {
    this.#client = client;
    this.#fault = fault;
    this.#connect = connect;
    this.#ended = ended;
  }

  start(): void {
    const client = this.#client;
    client.on('error', () => this.break());
    client.on('close', () => this.break());
    client.on('data', (chunk: Buffer) => this.#fromClient(chunk));
    client.on('end', () => void this.#server?.end());
    this.#cutAtOnce(this.#current);
  }

  /** What is wrong with this connection now. */
  get #current(): Fault {
    const fault = this.#fault();
    return fault.only === undefined || this.#beginning.startsWith(fault.only) ? fault : NO_FAULT;
  }

  #cutAtOnce(fault: Fault): void {
    if (fault.kind === 'cut' && fault.afterBytes === 0) this.break();
  }

  break(): void {
    if (this.#isBroken) return;
    this.#isBroken = true;
    this.#server?.destroy();
    const isTcp = this.#client.remoteAddress !== undefined && !(this.#client instanceof TLSSocket);
    if (isTcp)
      this.#client.resetAndDestroy(); // as a machine that has crashed: an end in order would be no fault
    else this.#client.destroy(); // on a unix socket nothing can be reset
    this.#ended();
  }

  #fromClient(chunk: Buffer): void {
    if (this.#beginning === '') this.#beginning = chunk.toString('latin1', 0, 100);
    const fault = this.#current;
    this.#cutAtOnce(fault);
    if (this.#isBroken) return;
    if (fault.kind === 'half_open') return;
    if (fault.kind !== 'answer') {
      (this.#server ??= this.#connected()).write(chunk);
      return;
    }
    if (fault.then === 'end') this.#client.end(fault.bytes);
    else this.#client.write(fault.bytes);
  }

  #connected(): Socket {
    const server = this.#connect();
    server.on('error', () => this.break());
    server.on('data', (chunk: Buffer) => this.#queue(() => this.#toClient(chunk)));
    server.on('end', () =>
      this.#queue(() => {
        if (this.#current.kind !== 'half_open') this.#client.end();
        return Promise.resolve();
      }),
    );
    return server;
  }

  #queue(send: () => Promise<void>): void {
    this.#sending = this.#sending.then(() => (this.#isBroken ? undefined : send()));
  }

  async #toClient(chunk: Buffer): Promise<void> {
    const fault = this.#current;
    switch (fault.kind) {
      case 'half_open':
        return;
      case 'delay':
        await this.#pause(fault.ms);
        break;
      case 'drip':
        for (const byte of chunk) {
          this.#write(Buffer.of(byte));
          await this.#pause(fault.everyMs);
        }
        return;
      case 'cut': {
        const left = fault.afterBytes - this.#sent;
        this.#write(chunk.subarray(0, left));
        if (chunk.length >= left) this.#queue(() => this.#breakSoon());
        return;
      }
      default:
        break;
    }
    this.#write(chunk);
  }

  #write(chunk: Buffer): void {
    if (this.#isBroken) return;
    this.#sent += chunk.length;
    this.#client.write(chunk);
  }

  /** A reset throws away what the client has not read yet: it gets a moment to read. */
  async #breakSoon(): Promise<void> {
    await this.#pause(20);
    this.break();
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(done, ms);
      const client = this.#client;
      client.once('close', done);
      function done(): void {
        clearTimeout(timer);
        client.off('close', done);
        resolve();
      }
    });
  }
}

function targetOf(address: string): NetConnectOpts {
  const path = socketPathOf(address);
  if (path !== undefined) return { path };
  const { hostname, port } = new URL(address);
  return { host: hostname, port: Number(port) };
}

function socketPathOf(address: string): string | undefined {
  return /^unix:?\/\/(\/.*)$/.exec(address)?.[1] ?? /^unix\/(\/.*)$/.exec(address)?.[1];
}

function addressOf(address: string, port: number, path: string | undefined, certificates: object | undefined): string {
  if (path !== undefined) return address.startsWith('unix:') ? `unix://${path}` : `unix/${path}`;
  const url = new URL(socketPathOf(address) === undefined ? address : 'http://localhost/');
  url.port = String(port);
  url.hostname = certificates === undefined ? '127.0.0.1' : 'localhost'; // a certificate is for a name
  if (certificates !== undefined) url.protocol = url.protocol === 'redis:' ? 'rediss:' : 'https:';
  return url.href.replace(/^(https?:.*)\/$/, '$1');
}
