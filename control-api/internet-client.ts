import { readFileSync } from 'node:fs';
import { rootCertificates } from 'node:tls';
import { type Dispatcher, EnvHttpProxyAgent, request } from 'undici';

export interface InternetSettings {
  readonly httpProxy?: string | undefined;
  readonly httpsProxy?: string | undefined;
  readonly noProxy?: string | undefined;
  /** More authorities, for networks whose proxy inspects TLS: the file that Go's programs read too. */
  readonly caFile?: string | undefined;
}

export interface InternetRequest {
  readonly method: 'GET' | 'HEAD' | 'POST';
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly timeoutMs: number;
}

export interface InternetReply {
  readonly status: number;
  readonly text: string;
  /** The server's own clock, from its Date header. */
  readonly date?: Date;
}

/** The Central API's answers are small; decisions and the Hub are fetched by CrowdSec itself. */
const LARGEST_REPLY = 4 * 1024 * 1024;

/** Go never sends these through a proxy, and cscli is Go. */
const NEVER_PROXIED = ['localhost', '127.0.0.1'];

/** Calls that leave this machine: through the proxy of the settings, if there is one. */
export class InternetClient {
  readonly #settings: InternetSettings;
  readonly #dispatcher: EnvHttpProxyAgent;

  constructor(settings: InternetSettings) {
    this.#settings = settings;
    const { httpProxy = '', httpsProxy = '', noProxy = '', caFile } = settings;
    const tls = caFile === undefined ? {} : { ca: [...rootCertificates, readFileSync(caFile, 'utf8')] };
    this.#dispatcher = new EnvHttpProxyAgent({
      httpProxy,
      httpsProxy,
      noProxy: [noProxy, ...NEVER_PROXIED].filter((part) => part !== '').join(','),
      connect: { timeout: 8_000, ...tls },
      requestTls: tls,
      maxResponseSize: LARGEST_REPLY,
    });
  }

  /** @throws what undici throws: `describeNetworkError` puts it in words. */
  async send({ method, url, headers, body, timeoutMs }: InternetRequest): Promise<InternetReply> {
    const reply: Dispatcher.ResponseData = await request(url, {
      method,
      dispatcher: this.#dispatcher,
      signal: AbortSignal.timeout(timeoutMs),
      headers: { ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
      ...(body === undefined ? {} : { body }),
    });
    const date = new Date(String(reply.headers['date']));
    return {
      status: reply.statusCode,
      text: await reply.body.text(),
      ...(Number.isNaN(date.getTime()) ? {} : { date }),
    };
  }

  /** The proxy that a call to `url` goes through, without its password. */
  proxyFor(url: string): string | undefined {
    const { hostname, protocol } = new URL(url);
    const { httpProxy, httpsProxy, noProxy = '' } = this.#settings;
    const proxy = protocol === 'https:' ? (httpsProxy ?? httpProxy) : httpProxy;
    const isExempt = [...noProxy.split(/[\s,]+/), ...NEVER_PROXIED]
      .filter((entry) => entry !== '')
      .some((entry) => entry === '*' || isUnder(hostname, entry.replace(/:\d+$/, '').replace(/^\*?\./, '')));
    if (proxy === undefined || proxy === '' || isExempt || !URL.canParse(proxy)) return undefined;
    return new URL(proxy).origin;
  }

  async close(): Promise<void> {
    await this.#dispatcher.destroy();
  }
}

function isUnder(hostname: string, domain: string): boolean {
  return hostname === domain || hostname.endsWith(`.${domain}`);
}
