import { createServer } from 'node:http';

export interface DemoSite {
  readonly url: string;
  stop(): Promise<void>;
}

/** The site that Caddy protects in the demo: it says who asked, so that one sees which requests reach it. */
export function startDemoSite(port: number): Promise<DemoSite> {
  const server = createServer((request, response) => {
    const client = request.headers['x-forwarded-for'] ?? request.socket.remoteAddress ?? 'unknown';
    response.setHeader('content-type', 'text/plain; charset=utf-8');
    response.end(`Hello, ${String(client)}. You asked ${request.headers.host ?? ''} for ${request.url ?? '/'}.\n`);
  });
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => {
      const stop = () =>
        new Promise<void>((done) => {
          server.close(() => done());
          server.closeAllConnections();
        });
      resolve({ url: `http://127.0.0.1:${port}`, stop });
    });
  });
}
