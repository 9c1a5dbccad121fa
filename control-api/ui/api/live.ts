import { Store } from '../store.ts';
import { EventStreamReader, type StreamMessage } from '../text/event-stream.ts';
import { connection } from './connection.ts';
import { BASE } from './request.ts';
import type { LiveEvent } from './wire.ts';

export interface ShownEvent extends LiveEvent {
  readonly id: string;
}

/** The newest events, newest first. Bounded: a tab may stay open for months. */
export const events = new Store<readonly ShownEvent[]>([]);
const MOST_EVENTS = 60;

/** `connecting` also while reconnecting. */
export const liveState = new Store<'connecting' | 'live'>('connecting');

/** Whether the control API says that it has its Redis. */
export const redisIsGone = new Store(false);

/** Something happened, by its kind: who shows such things asks again. */
class Changes {
  readonly #listeners = new Set<(kind: string) => void>();
  readonly #due = new Set<string>();
  #isWaiting = false;

  follow(listener: (kind: string) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Coalesced: a burst of events is one question. */
  tell(kind: string): void {
    this.#due.add(kind);
    if (this.#isWaiting) return;
    this.#isWaiting = true;
    setTimeout(() => {
      this.#isWaiting = false;
      const kinds = [...this.#due];
      this.#due.clear();
      for (const due of kinds) for (const listener of [...this.#listeners]) listener(due);
    }, 250);
  }
}

export const changes = new Changes();

const RETRY_MS = [500, 1_000, 2_000, 4_000, 8_000] as const;

/** The API pings every 15 s: a stream that is silent for longer is dead, whatever the browser thinks. */
const SILENT_MS = 35_000;

let lastId: string | undefined;
let isFollowing = false;

/** Follows the event stream for as long as the page is open. `fetch`, since EventSource hides kinds and statuses. */
export async function followLive(): Promise<void> {
  if (isFollowing) return;
  isFollowing = true;
  for (let failures = 0; ; failures++) {
    const wasLive = await readStream();
    if (wasLive) failures = 0;
    liveState.set('connecting');
    const wait = RETRY_MS[Math.min(failures, RETRY_MS.length - 1)] ?? 8_000;
    await new Promise((resolve) => setTimeout(resolve, wait * (0.75 + Math.random() / 2)));
  }
}

/** @returns whether it was connected, until it was cut. */
async function readStream(): Promise<boolean> {
  const gone = new AbortController();
  let silence: ReturnType<typeof setTimeout> | undefined;
  const heard = () => {
    clearTimeout(silence);
    silence = setTimeout(() => gone.abort(), SILENT_MS);
  };
  let isConnected = false;
  try {
    heard();
    const headers = lastId === undefined ? {} : { 'last-event-id': lastId };
    const response = await fetch(`${BASE}/events?replay=40`, { headers, signal: gone.signal });
    connection.answered();
    if (!response.ok || response.body === null) {
      redisIsGone.set(response.status === 503);
      return false;
    }
    isConnected = true;
    redisIsGone.set(false);
    liveState.set('live');
    changes.tell('reconnected');
    const reader = new EventStreamReader();
    const text = response.body.pipeThrough(new TextDecoderStream()).getReader();
    for (let piece = await text.read(); !piece.done; piece = await text.read()) {
      heard();
      for (const message of reader.push(piece.value)) take(message);
    }
  } catch {
    if (!gone.signal.aborted && !isConnected) connection.failed();
  } finally {
    clearTimeout(silence);
  }
  return isConnected;
}

function take({ id, event, data }: StreamMessage): void {
  if (event === 'redis') {
    const isAvailable = data.includes('true');
    redisIsGone.set(!isAvailable);
    changes.tell('reconnected');
    return;
  }
  if (id === undefined) return;
  lastId = id;
  try {
    const shown = { ...(JSON.parse(data) as LiveEvent), id };
    if (typeof shown.message === 'string') events.set([shown, ...events.value].slice(0, MOST_EVENTS));
  } catch {
    // One that cannot be read is not shown; what it tells of is asked for all the same.
  }
  changes.tell(event);
}
