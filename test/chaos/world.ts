import { setTimeout as sleep } from 'node:timers/promises';
import { parsePrefix } from '../../bouncer/shared/net/prefix.ts';
import type { Child } from '../../scripts/servers/child.ts';
import { siteWith } from '../support/site.ts';
import type { Stack } from '../support/stack.ts';
import type { Change, Everybody, Oracle } from './oracle.ts';
import { type Heard, LAPI_PARTS } from './heard.ts';
import type { Presence } from './presence.ts';
import { type Action, CROWD, HEARD, type Need, type Outage, type Server } from './step.ts';
import { isToldByLapi, type Stillness } from './stillness.ts';
import { faultOf, isOnWay, type Ways } from './ways.ts';

/** The way of each change to Caddy. */
const BY_ITSELF: readonly Need[] = ['bouncer', 'way to Caddy', 'Caddy'];
const FROM_LAPI: readonly Need[] = [...LAPI_PARTS, HEARD, ...BY_ITSELF];
const FROM_REDIS: readonly Need[] = ['control API', 'Redis', 'way to Redis', HEARD, ...BY_ITSELF];
const BY_CLOCK: readonly Need[] = [HEARD, ...BY_ITSELF];

/** LAPI counts a ban from the second in which it began, and tells how long is left in whole seconds. */
const EARLY_MS = 2_000;

/** How old a snapshot may be: a change is on disk ten seconds after it was heard, and a busy machine takes longer. */
const SNAPSHOT_MS = 15_000;

/** It never waits longer between two calls. */
const RARELY_MS = 30_000;

const INSIST_MS = 60_000;
const ABSENT_MS = 5_000;
const RETRY_MS = 250;

interface Records {
  readonly oracle: Oracle;
  readonly presence: Presence;
  readonly heard: Heard;
  readonly stillness: Stillness;
}

/** Does to the real stack what a step says, and tells the oracle and the record of who was there. */
export class World {
  readonly #stack: Stack;
  readonly #ways: Ways;
  readonly #oracle: Oracle;
  readonly #presence: Presence;
  readonly #heard: Heard;
  readonly #stillness: Stillness;
  #bouncerEndedAt = -Infinity;

  constructor(stack: Stack, ways: Ways, { oracle, presence, heard, stillness }: Records) {
    this.#stack = stack;
    this.#ways = ways;
    this.#oracle = oracle;
    this.#presence = presence;
    this.#heard = heard;
    this.#stillness = stillness;
    const atStart: Change = { kind: 'the start', from: -Infinity, to: -Infinity, needs: [] };
    for (const value of CROWD) oracle.begin('block', value, atStart);
  }

  async take(action: Action): Promise<void> {
    switch (action.kind) {
      case 'ban':
        return this.#ban(action.value, action.type, action.seconds);
      case 'unban':
        return this.#unban(action.value);
      case 'allow':
        return this.#allow(canonical(action.value), action.seconds);
      case 'disallow':
        return this.#disallow(canonical(action.value));
      case 'enabled':
        return this.#switch(action.enabled);
      case 'policy':
        return this.#sparesAll(action.policy === 'monitor', 'policy monitor', 'PUT /policy', () =>
          this.#set('PUT', '/policy', { policy: action.policy }),
        );
      case 'reload':
        return this.#reload(action.edit);
      case 'wipe Redis':
        return this.#stack.redis.wipe();
      case 'gone':
        return this.#gone(action.outage);
      case 'back':
        return this.#back(action.outage);
    }
  }

  async #ban(value: string, type: string, seconds: number): Promise<void> {
    const began = this.#change('ban', FROM_LAPI);
    const runsOut = expiry('expiry', began.from + seconds * 1_000 - EARLY_MS);
    this.#oracle.begin('block', value, began, runsOut);
    await this.#stack.ban(value, { type, duration: `${seconds}s` });
    began.to = performance.now();
    runsOut.to = began.to + seconds * 1_000;
  }

  #unban(value: string): Promise<void> {
    const deleted = () => this.#stack.unban(value).then(() => false);
    return this.#ends('block', value, this.#change('unban', FROM_LAPI), deleted);
  }

  async #allow(value: string, seconds: number | undefined): Promise<void> {
    const began = this.#change('allow', FROM_REDIS);
    const ends = seconds === undefined ? [] : [expiry('expiry of an allowlist entry', began.from + seconds * 1_000)];
    // An entry replaces the one that is there on the same prefix, and its limit.
    for (const end of ends) this.#oracle.end('spare', value, end);
    this.#oracle.begin('spare', value, began, ...ends);
    const duration = seconds === undefined ? {} : { duration: `${seconds}s` };
    took(began, await this.#set('POST', '/allowlist', { values: [value], ...duration }));
    for (const end of ends) end.to = began.to + (seconds ?? 0) * 1_000;
  }

  #disallow(value: string): Promise<void> {
    const path = `/allowlist?value=${encodeURIComponent(value)}`;
    return this.#ends('spare', value, this.#change('disallow', FROM_REDIS), () => this.#set('DELETE', path));
  }

  /** Rules that are put back without LAPI are made from a snapshot. */
  async #switch(enabled: boolean): Promise<void> {
    const act = () => this.#set('PUT', '/enabled', { enabled });
    if (enabled) this.#doubt();
    await this.#sparesAll(!enabled, 'protection is off', 'PUT /enabled', act);
  }

  /** What the bouncer had heard shortly before it ended may be in no snapshot: until LAPI tells it again, who knows. */
  #doubt(): void {
    const now = performance.now();
    if (!this.#presence.isGone(HEARD, now)) return;
    const told: Change = { kind: 'a start without LAPI', from: now, to: now, needs: FROM_LAPI };
    this.#oracle.doubt(this.#bouncerEndedAt - SNAPSHOT_MS, isToldByLapi, told);
  }

  async #sparesAll(isOn: boolean, what: Everybody, kind: string, act: () => Promise<boolean>): Promise<void> {
    const change = this.#change(kind, FROM_REDIS);
    if (isOn) this.#oracle.begin('spare', what, change);
    else this.#oracle.end('spare', what, change);
    took(change, await act());
  }

  async #reload(edit: number): Promise<void> {
    const { site, caddy } = this.#stack;
    const edited = siteWith(site, `header X-Edit ${edit}\nreverse_proxy ${site.upstream.url}`);
    await this.#withoutRules('reload', () => caddy.reload(edited));
  }

  /** Something takes our rules out of Caddy: until the bouncer has put them back, everybody may be served. */
  async #withoutRules(kind: string, act: () => Promise<void>): Promise<void> {
    const repaired = this.#change(kind, BY_ITSELF);
    this.#oracle.begin('spare', 'no rules in Caddy' satisfies Everybody, repaired, repaired);
    this.#doubt();
    await act();
    repaired.to = performance.now();
  }

  async #gone(outage: Outage): Promise<void> {
    const now = performance.now();
    this.#presence.gone(outage.part, now);
    this.#heard.gone(outage, now);
    if (isOnWay(outage)) this.#ways[outage.part].set(faultOf(outage.fault));
    else if (outage.fault === 'stop') await this.#childOf(outage.part).stop();
    else await this.#childOf(outage.part).kill(outage.fault === 'kill' ? 'SIGKILL' : 'SIGSTOP');
    if (outage.part === 'bouncer' && outage.fault !== 'pause') this.#bouncerEnded();
  }

  #bouncerEnded(): void {
    this.#bouncerEndedAt = performance.now();
    this.#stillness.ended(this.#bouncerEndedAt);
  }

  async #back(outage: Outage): Promise<void> {
    if (LAPI_PARTS.includes(outage.part)) this.#stillness.over();
    if (isOnWay(outage)) this.#ways[outage.part].heal();
    else if (outage.fault === 'pause') await this.#childOf(outage.part).kill('SIGCONT');
    else await this.#start(outage.part);
    const now = performance.now();
    // The bouncer asks a silent LAPI more and more rarely, so it may need as long again as LAPI was gone.
    const missed = LAPI_PARTS.includes(outage.part) ? this.#presence.missedFor(LAPI_PARTS, now) : 0;
    const late = Math.min(missed, RARELY_MS);
    this.#presence.back(outage.part, now + late);
    this.#heard.back(outage.part, now + late);
  }

  async #start(server: Server): Promise<void> {
    if (server === 'bouncer') await this.#startBouncer();
    else if (server === 'Caddy') await this.#withoutRules('start of Caddy', () => this.#stack.caddy.start());
    else await this.#childOf(server).start();
  }

  async #startBouncer(): Promise<void> {
    // Rules that Caddy lacks are then made from the snapshot.
    if (this.#oracle.isUnsure('no rules in Caddy' satisfies Everybody, performance.now())) this.#doubt();
    this.#stillness.starts(performance.now());
    await this.#stack.bouncer.start('alive');
  }

  #childOf(server: Server): Child {
    const { bouncer, caddy, redis, crowdsec, controlApi } = this.#stack;
    return { bouncer, Caddy: caddy, Redis: redis, LAPI: crowdsec, 'control API': controlApi }[server];
  }

  #change(kind: string, needs: readonly Need[]): Change {
    return { kind, from: performance.now(), to: Infinity, needs };
  }

  /** @param act says whether Caddy was seen to follow. */
  async #ends(effect: 'block' | 'spare', value: string, change: Change, act: () => Promise<boolean>): Promise<void> {
    this.#oracle.end(effect, value, change);
    took(change, await act());
  }

  /**
   * Until the control API has said that Caddy follows: right after an outage it may need to be asked again. A wiped
   * Redis knows no entry of the allowlist until the bouncer has given it back. A bouncer that has not heard LAPI since
   * its start may leave the rules as they are, and then says so.
   * @returns whether it has: what is deleted twice is not there the second time.
   */
  async #set(method: string, path: string, body?: unknown): Promise<boolean> {
    const began = performance.now();
    for (let isDeleted = false; ;) {
      const { status, body: said } = await this.#stack.controlApi.request(method, path, body);
      const took = performance.now() - began;
      if (status === 200) return true;
      if (status === 202 && this.#presence.isGone(HEARD, performance.now())) return false;
      if (status === 404 && (isDeleted || took > ABSENT_MS)) return false;
      if (took > INSIST_MS) throw new Error(`${method} ${path} was never confirmed; last: ${status} ${said}`);
      isDeleted ||= status === 202;
      await sleep(RETRY_MS);
    }
  }
}

function took(change: Change, isConfirmed: boolean): void {
  change.to = performance.now();
  change.isConfirmed = isConfirmed;
}

function expiry(kind: string, from: number): Change {
  return { kind, from, to: Infinity, needs: BY_CLOCK, isExpiry: true };
}

/** The allowlist knows prefixes, however they are spelled; LAPI knows texts. */
function canonical(value: string): string {
  const prefix = parsePrefix(value);
  if (prefix === undefined) throw new Error(`the schedule says ${value} is an address or a range`);
  return prefix;
}
