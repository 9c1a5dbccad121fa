import { Agent, request } from 'undici';
import { proofPath } from '../../caddy/lane-routes.ts';
import { reasonOf } from '../shared/runtime/reason.ts';
import type { LaneFolder } from './lane-folder.ts';

/** A probe is answered by Caddy itself from one stat; this is generous. */
const PROBE_LIMIT_MS = 2_000;

export type Proof = { readonly kind: 'proven' } | { readonly kind: 'unproven'; readonly reason: string };

/**
 * Asks Caddy itself, over HTTP, whether it sees our folder: a managed route answers 204 on a secret path if, and only
 * if, its `file` matcher sees the file that we have just put there. A missing folder, a dangling link or a lack of
 * permission all look like "no entry" to Caddy, without a word in its log, so nothing else would tell.
 */
export class LaneProof {
  readonly #folder: LaneFolder;
  readonly #secret: string;
  readonly #url: string;
  readonly #agent: Agent;

  /** @param probeUrl where Caddy serves HTTP, such as `http://127.0.0.1:80`; a certificate's name does not matter. */
  constructor(folder: LaneFolder, secret: string, probeUrl: string) {
    this.#folder = folder;
    this.#secret = secret;
    this.#url = `${probeUrl.replace(/\/+$/, '')}${proofPath(secret)}`;
    this.#agent = new Agent({ connections: 1, pipelining: 0, connect: { rejectUnauthorized: false } });
  }

  async close(): Promise<void> {
    await this.#agent.destroy();
  }

  /** Proven only when the answer follows the file both ways: something that always answers 204 proves nothing. */
  async prove(): Promise<Proof> {
    try {
      this.#folder.setProof(this.#secret, false);
      const without = await this.#ask();
      this.#folder.setProof(this.#secret, true);
      const withIt = await this.#ask();
      if (withIt === 204 && without === 404) return { kind: 'proven' };
      return { kind: 'unproven', reason: explain(without, withIt) };
    } catch (error) {
      const reason = reasonOf(error);
      return { kind: 'unproven', reason: `${reason}; check LANE_DIR and CADDY_PROBE_URL` };
    }
  }

  async #ask(): Promise<number> {
    const response = await request(this.#url, { dispatcher: this.#agent, signal: AbortSignal.timeout(PROBE_LIMIT_MS) });
    await response.body.dump();
    return response.statusCode;
  }
}

function explain(without: number, withIt: number): string {
  if (without === 204) return 'CADDY_PROBE_URL answers 204 whether or not the file is there; is it Caddy?';
  if (without !== 404) {
    return `CADDY_PROBE_URL answered ${without} without a look at the lane: is it this Caddy, and is the address banned that this bouncer comes from?`;
  }
  return `Caddy does not see the files of LANE_DIR (it answered ${withIt}): is the folder mounted there as LANE_DIR_CADDY, may Caddy's user enter it, and is CADDY_PROBE_URL this Caddy?`;
}
