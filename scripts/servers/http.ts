import { request, type IncomingHttpHeaders, type RequestOptions } from 'node:http';

export interface HttpCall {
  /** `http://host:port/path`; with a socket only the path counts. */
  readonly url: string;
  readonly socketPath?: string;
  /** The address that the call comes from. All of 127/8 is ours on Linux, so a client can be any of them. */
  readonly localAddress?: string;
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly timeoutMs?: number;
}

export interface HttpAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

const TIMEOUT_MS = 10_000;

/**
 * One request on a connection of its own. Not `fetch`: that can neither set Host nor choose the client's address,
 * and its kept connections would fail after each restart of a server.
 */
export function call(options: HttpCall): Promise<HttpAnswer> {
  const timeoutMs = options.timeoutMs ?? TIMEOUT_MS;
  return new Promise((resolve, reject) => {
    const fail = (cause: Error) => {
      const where = options.socketPath ?? options.url;
      reject(new Error(`${options.method ?? 'GET'} ${where}: ${cause.message}`, { cause }));
    };
    const outgoing = request(options.url, requestOptions(options), (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', fail);
      response.on('end', () => {
        const body = Buffer.concat(chunks).toString('utf8');
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body });
      });
    });
    outgoing.setTimeout(timeoutMs, () => outgoing.destroy(new Error(`no answer within ${timeoutMs} ms`)));
    outgoing.on('error', fail);
    outgoing.end(options.body);
  });
}

function requestOptions(options: HttpCall): RequestOptions {
  const length = options.body === undefined ? {} : { 'content-length': String(Buffer.byteLength(options.body)) };
  return {
    agent: false,
    method: options.method ?? 'GET',
    headers: { ...length, ...options.headers },
    // Node takes an empty Host for none and would add its own.
    setHost: options.headers?.['host'] === undefined,
    ...(options.socketPath === undefined ? {} : { socketPath: options.socketPath }),
    ...(options.localAddress === undefined ? {} : { localAddress: options.localAddress }),
  };
}
