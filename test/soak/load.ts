import { request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { reasonOf } from '../../bouncer/shared/runtime/reason.ts';
import { VIEW_PATHS } from '../../control-api/page/view-paths.ts';
import { API_PREFIX } from '../../scripts/servers/sidecar.ts';
import { call } from '../../scripts/servers/http.ts';
import { siteWith } from '../support/site.ts';
import type { Stack } from '../support/stack.ts';

/** What one client of each kind does, again and again; `count` is how many of it there are. */
interface Habit {
  readonly name: string;
  readonly count: number;
  readonly pauseMs: number;
  readonly act: (stack: Stack, round: number) => Promise<unknown>;
}

const BANNED_AT_ONCE = 400;
const API = ['/status', '/decisions', '/alerts', '/allowlist', '/hub/items', '/lookup/127.8.0.9'];
const PAGES = [...VIEW_PATHS, '/openapi.json', '/healthz'];
const BOUNCER = ['/readyz', '/metrics', '/lookup?ip=127.8.0.9', '/refresh?wait'];

const HABITS: readonly Habit[] = [
  { name: 'bans and unbans', count: 2, pauseMs: 50, act: banAndLift },
  { name: 'requests to the site', count: 3, pauseMs: 5, act: (stack, round) => stack.requestFrom(clientOf(round)) },
  {
    name: 'calls of the API',
    count: 2,
    pauseMs: 10,
    act: (stack, round) => stack.controlApi.request('GET', of(API, round)),
  },
  {
    name: 'pages',
    count: 1,
    pauseMs: 10,
    act: (stack, round) => call({ url: stack.controlApi.url + of(PAGES, round) }),
  },
  { name: 'event streams', count: 6, pauseMs: 50, act: (stack) => followEvents(stack) },
  { name: 'calls of the bouncer', count: 1, pauseMs: 20, act: (stack, round) => askBouncer(stack, of(BOUNCER, round)) },
  {
    name: 'diagnostics',
    count: 1,
    pauseMs: 3_000,
    act: (stack) => stack.controlApi.request('GET', '/diagnostics/config'),
  },
  { name: 'allowlist changes', count: 1, pauseMs: 2_000, act: allowAndForget },
  { name: 'reloads by the user', count: 1, pauseMs: 12_000, act: reload },
];

/** Every habit at once, as fast as the stack answers, until it is stopped. */
export class Load {
  readonly #stack: Stack;
  readonly #stop = new AbortController();
  readonly #done: readonly Promise<void>[];
  /** How often each was done, and how often it failed. */
  readonly counts = new Map<string, { done: number; failed: number; lastError?: string }>();

  constructor(stack: Stack) {
    this.#stack = stack;
    this.#done = HABITS.flatMap((habit) => Array.from({ length: habit.count }, (_, i) => this.#keepOn(habit, i)));
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await Promise.all(this.#done);
  }

  async #keepOn({ name, count, pauseMs, act }: Habit, first: number): Promise<void> {
    const counted = this.counts.get(name) ?? { done: 0, failed: 0 };
    this.counts.set(name, counted);
    for (let round = first; !this.#stop.signal.aborted; round += count) {
      try {
        await act(this.#stack, round);
        counted.done++;
      } catch (error) {
        counted.failed++;
        counted.lastError = reasonOf(error);
      }
      await sleep(pauseMs);
    }
  }
}

function of<T>(list: readonly T[], round: number): T {
  return list[round % list.length]!;
}

function clientOf(round: number): string {
  return `127.8.${(round >> 7) & 3}.${1 + (round & 127)}`;
}

async function banAndLift(stack: Stack, round: number): Promise<void> {
  await stack.ban(clientOf(round), { duration: `${30 + (round % 60)}s` });
  if (round >= BANNED_AT_ONCE) await stack.unban(clientOf(round - BANNED_AT_ONCE));
}

async function allowAndForget(stack: Stack, round: number): Promise<void> {
  const value = clientOf(round);
  await stack.controlApi.request('POST', '/allowlist', { values: [value] });
  await stack.controlApi.request('DELETE', `/allowlist?value=${value}`);
}

async function reload({ site, caddy }: Stack, round: number): Promise<void> {
  await caddy.reload(siteWith(site, `header X-Edit ${round}\nreverse_proxy ${site.upstream.url}`));
}

async function askBouncer({ bouncer }: Stack, path: string): Promise<void> {
  await bouncer.get(path, path.startsWith('/refresh') ? 'POST' : 'GET');
}

/** A page that is open for a moment, and closed without a word. */
function followEvents({ controlApi }: Stack): Promise<void> {
  return new Promise((resolve, reject) => {
    const open = request(
      `${controlApi.url}${API_PREFIX}/events?replay=20`,
      { agent: false, headers: { authorization: `Bearer ${controlApi.spec.env?.['CONTROL_API_TOKEN'] ?? ''}` } },
      (response) => {
        response.resume();
        response.on('error', () => undefined); // it ends by our own hand
        if (response.statusCode !== 200) reject(new Error(`GET /events: ${response.statusCode ?? '?'}`));
        setTimeout(() => {
          open.destroy();
          resolve();
        }, 400);
      },
    );
    open.on('error', reject);
    open.end();
  });
}
