import { type Agent, type Dispatcher, request } from 'undici';
import type { Clock } from '../shared/runtime/clock.ts';
import { linkedAbort } from '../shared/runtime/linked-abort.ts';
import type { Secret } from '../shared/runtime/secret.ts';
import { type Batch, BatchReader } from './batch.ts';
import { createLapiAgent, LAPI_LIMITS, type LapiEndpoint, type LapiLimits } from './endpoint.ts';
import { explainError, explainStatus, type PullFailure } from './failure.ts';

export type PullResult = { readonly kind: 'batch'; readonly batch: Batch } | PullFailure;

/**
 * The bouncer's side of CrowdSec's Local API.
 *
 * `last_pull` belongs to the key: nothing else may use this key, and every failed pull must be followed by a full
 * one, since LAPI may have counted it as delivered.
 */
export class LapiClient {
  readonly #endpoint: LapiEndpoint;
  readonly #agent: Agent;
  readonly #baseUrl: string;
  readonly #headers: Readonly<Record<string, string>>;
  readonly #key: string | undefined;
  readonly #clock: Clock;
  readonly #limits: LapiLimits;

  /** @param version ours; the User-Agent must be `name/version` with exactly one slash, or LAPI refuses to read it. */
  constructor(
    endpoint: LapiEndpoint,
    key: Secret | undefined,
    version: string,
    clock: Clock,
    limits: Partial<LapiLimits> = {},
  ) {
    this.#endpoint = endpoint;
    this.#limits = { ...LAPI_LIMITS, ...limits };
    ({ agent: this.#agent, baseUrl: this.#baseUrl } = createLapiAgent(endpoint, this.#limits));
    this.#key = key?.reveal();
    this.#headers = {
      'user-agent': `caddy-crowdsec-sidecar/v${version}`,
      accept: 'application/json',
      ...(this.#key === undefined ? {} : { 'x-api-key': this.#key }),
    };
    this.#clock = clock;
  }

  get url(): string {
    return this.#endpoint.url;
  }

  /** Everything that is active (`full`), or what changed since the last pull (`delta`). Never throws. */
  async pull(kind: Batch['kind'], signal: AbortSignal): Promise<PullResult> {
    // dedup=false: otherwise a deletion that leaves a shorter decision alive is never told (facts of LAPI 1.4.6).
    const query = kind === 'full' ? 'startup=true&dedup=false' : 'dedup=false';
    const abort = linkedAbort(signal, AbortSignal.timeout(this.#limits.pullMs));
    try {
      const response = await request(`${this.#baseUrl}/v1/decisions/stream?${query}`, {
        dispatcher: this.#agent,
        headers: this.#headers,
        headersTimeout: kind === 'full' ? this.#limits.firstByteMs : this.#limits.deltaFirstByteMs,
        signal: abort.signal,
      });
      if (response.statusCode !== 200) return await this.#refused(response);
      return { kind: 'batch', batch: await this.#read(kind, response.body) };
    } catch (error) {
      return explainError(error, this.url);
    } finally {
      abort.release();
    }
  }

  async close(): Promise<void> {
    await this.#agent.destroy();
  }

  async #read(kind: Batch['kind'], body: Dispatcher.ResponseData['body']): Promise<Batch> {
    const reader = new BatchReader(kind, this.#clock.monotonic());
    const { replyBytes } = this.#limits;
    let read = 0;
    for await (const chunk of body as AsyncIterable<Uint8Array>) {
      read += chunk.byteLength;
      if (read > replyBytes) throw new RangeError(`the reply is longer than ${replyBytes} bytes`);
      reader.write(chunk);
    }
    return reader.finish();
  }

  async #refused({ statusCode, headers, body }: Dispatcher.ResponseData): Promise<PullFailure> {
    let text = '';
    for await (const chunk of body as AsyncIterable<Uint8Array>) {
      text += Buffer.from(chunk).toString('utf8');
      if (text.length > 1_000) break;
    }
    // What answers may be a proxy of somebody's own, which repeats what it was sent.
    const said = this.#key === undefined ? text : text.replaceAll(this.#key, '[secret]');
    const retryAfter = headers['retry-after'];
    return explainStatus(statusCode, said, this.url, typeof retryAfter === 'string' ? retryAfter : undefined);
  }
}
