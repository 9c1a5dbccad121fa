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

/**
 * Calls that leave this machine: through the proxy of the settings, if there is one. They are few and far between, so
 * each has a connection of its own: what a firewall or a proxy did to the last one is no concern of the next.
 */
export class InternetClient {
  readonly #settings: InternetSettings;
  readonly #authorities: readonly string[] | undefined;
  readonly #underWay = new Set<Dispatcher>();

  constructor(settings: InternetSettings) {
    this.#settings = settings;
    const { caFile } = settings;
    this.#authorities = caFile === undefined ? undefined : [...rootCertificates, readFileSync(caFile, 'utf8')];
  }

  /** @throws what undici throws: `describeNetworkError` puts it in words. */
  async send({ method, url, headers, body, timeoutMs }: InternetRequest): Promise<InternetReply> {
    const dispatcher = this.#dispatcher();
    this.#underWay.add(dispatcher);
    try {
      const reply: Dispatcher.ResponseData = await request(url, {
        method,
        dispatcher,
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
    } finally {
      this.#underWay.delete(dispatcher);
      await dispatcher.destroy();
    }
  }

  #dispatcher(): Dispatcher {
    const { httpProxy = '', httpsProxy = '', noProxy = '' } = this.#settings;
    const tls = this.#authorities === undefined ? {} : { ca: [...this.#authorities] };
    return new EnvHttpProxyAgent({
      httpProxy,
      httpsProxy,
      noProxy: [noProxy, ...NEVER_PROXIED].filter((part) => part !== '').join(','),
      connect: { timeout: 8_000, ...tls },
      requestTls: tls,
      maxResponseSize: LARGEST_REPLY,
    });
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

  /** Ends what is under way. */
  async close(): Promise<void> {
    await Promise.all([...this.#underWay].map((dispatcher) => dispatcher.destroy()));
  }
}

function isUnder(hostname: string, domain: string): boolean {
  return hostname === domain || hostname.endsWith(`.${domain}`);
}
