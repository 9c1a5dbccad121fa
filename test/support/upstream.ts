import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

interface UpstreamRequest {
  readonly method: string;
  readonly url: string;
  readonly host: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
}

/** A site behind Caddy that remembers every request that reached it: a banned one must not be among them. */
export interface Upstream {
  readonly port: number;
  readonly url: string;
  readonly requests: UpstreamRequest[];
  stop(): Promise<void>;
}

export async function startUpstream(answer = 'the site'): Promise<Upstream> {
  const requests: UpstreamRequest[] = [];
  const server = createServer((request, response) => {
    const { method = '', url = '', headers } = request;
    requests.push({ method, url, host: headers.host ?? '', headers });
    response.end(answer);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const stop = () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  return { port, url: `http://127.0.0.1:${port}`, requests, stop };
}
