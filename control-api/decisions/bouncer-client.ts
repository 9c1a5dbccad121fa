import { request } from 'undici';
import { z } from 'zod';
import { lookupSchema } from '../../bouncer/shared/domain/lookup.ts';
import type { Address } from '../../bouncer/shared/net/prefix.ts';
import type { Secret } from '../../bouncer/shared/runtime/secret.ts';
import { describeNetworkError } from '../network-error.ts';
import { parseJson } from '../parse-json.ts';

export type BouncerAnswer<Value> =
  | { readonly kind: 'ok'; readonly value: Value }
  /** Why it could not be asked, in words, and what to do. */
  | { readonly kind: 'unavailable'; readonly message: string; readonly hint: string };

const refreshSchema = z.object({ confirmed: z.boolean(), missing: z.array(z.string()) });

export type BouncerLookup = z.infer<typeof lookupSchema>;

const problemSchema = z.object({ detail: z.string(), hint: z.string() });

/** A refresh waits up to ten seconds for every Caddy, after a pull. */
const REFRESH_MS = 20_000;
/** A million decisions take twenty seconds to pull. */
const RESYNC_MS = 60_000;
const LOOKUP_MS = 3_000;

/** The bouncer's own two calls for those who hold its token. */
export class BouncerClient {
  readonly #url: string;
  readonly #token: Secret | undefined;

  constructor(url: string, token: Secret | undefined) {
    this.#url = url.replace(/\/+$/, '');
    this.#token = token;
  }

  /** Pulls from LAPI now; answers when every Caddy holds the result, or with what is missing. */
  refresh(): Promise<BouncerAnswer<z.infer<typeof refreshSchema>>> {
    return this.#ask('POST', '/refresh?wait', refreshSchema, REFRESH_MS);
  }

  /** The same with a pull of everything, which brings what LAPI's deltas have lost. */
  resync(): Promise<BouncerAnswer<z.infer<typeof refreshSchema>>> {
    return this.#ask('POST', '/refresh?wait&full', refreshSchema, RESYNC_MS);
  }

  lookup(address: Address): Promise<BouncerAnswer<BouncerLookup>> {
    return this.#ask('GET', `/lookup?ip=${encodeURIComponent(address)}`, lookupSchema, LOOKUP_MS);
  }

  async #ask<Schema extends z.ZodType>(
    method: 'GET' | 'POST',
    path: string,
    schema: Schema,
    timeoutMs: number,
  ): Promise<BouncerAnswer<z.output<Schema>>> {
    if (this.#token === undefined) {
      return unavailable(
        'BOUNCER_TOKEN is not set here',
        'Give the control API and the bouncer the same BOUNCER_TOKEN.',
      );
    }
    try {
      const headers = { authorization: `Bearer ${this.#token.reveal()}` };
      const reply = await request(`${this.#url}${path}`, { method, headers, signal: AbortSignal.timeout(timeoutMs) });
      const body = parseJson(await reply.body.text());
      const read = schema.safeParse(body);
      return reply.statusCode === 200 && read.success
        ? { kind: 'ok', value: read.data }
        : refused(reply.statusCode, body);
    } catch (error) {
      const { message } = describeNetworkError(error);
      return unavailable(`the bouncer does not answer: ${message}`, 'Start the bouncer, or correct BOUNCER_URL.');
    }
  }
}

function refused(status: number, body: unknown): BouncerAnswer<never> {
  const said = problemSchema.safeParse(body);
  if (said.success) return unavailable(`the bouncer refuses: ${said.data.detail}`, said.data.hint);
  return unavailable(`the bouncer answered with status ${status}`, 'Check that BOUNCER_URL names the bouncer.');
}

function unavailable(message: string, hint: string): BouncerAnswer<never> {
  return { kind: 'unavailable', message, hint };
}
