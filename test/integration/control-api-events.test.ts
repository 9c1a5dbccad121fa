import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RedisLink } from '../../bouncer/shared/redis/client.ts';
import { appendEvent } from '../../bouncer/shared/redis/event-log.ts';
import type { RedisServer } from '../../scripts/servers/redis-server.ts';
import { linkedRedis } from '../support/linked-redis.ts';
import { Workbench } from '../support/servers.ts';
import { waitFor } from '../support/wait-for.ts';
import { type ApiUnderTest, startApi, TEST_TOKEN } from './control-api-under-test.ts';

let workbench: Workbench;
let redis: RedisServer;
let link: RedisLink;
let api: ApiUnderTest;

const happened = (message: string) =>
  appendEvent(link, { at: new Date().toISOString(), by: 'a test', kind: 'test', message });

/** An EventSource, as far as these tests need one. */
class Listener {
  readonly ids: string[] = [];
  text = '';
  hasEnded = false;
  /** It ended in the middle, or here. */
  wasCut = false;
  readonly #abort = new AbortController();

  static async open(path = '', headers: Record<string, string> = {}): Promise<Listener> {
    const listener = new Listener();
    const response = await fetch(`${api.url}/api/v1/cerberus/crowdsec/events${path}`, {
      headers: { authorization: `Bearer ${TEST_TOKEN}`, ...headers },
      signal: listener.#abort.signal,
    });
    expect(response.headers.get('content-type')).toContain('text/event-stream');
    void listener.#read(response);
    await waitFor(() => listener.text.includes(': connected'), { what: 'the stream to begin' });
    return listener;
  }

  get messages(): string[] {
    return [...this.text.matchAll(/"message":"([^"]*)"/g)].map(([, message = '']) => message);
  }

  close(): void {
    this.#abort.abort();
  }

  async #read(response: Response): Promise<void> {
    const decoder = new TextDecoder();
    try {
      for await (const chunk of (response.body ?? []) as AsyncIterable<Uint8Array>) {
        this.text += decoder.decode(chunk, { stream: true });
        this.ids.push(...[...this.text.matchAll(/^id: (.+)$/gm)].map(([, id = '']) => id).slice(this.ids.length));
      }
    } catch {
      this.wasCut = true;
    }
    this.hasEnded = true;
  }
}

beforeAll(async () => {
  workbench = await Workbench.open();
  redis = await workbench.redis({ persistent: true });
  link = await linkedRedis(redis.url);
  api = await startApi(workbench, { REDIS_URL: redis.url });
  await waitFor(async () => (await api.get('/status')).status === 200, { what: 'the API to reach Redis' });
});

afterAll(async () => {
  link.stop();
  await workbench.stop();
});

describe('GET /events', () => {
  it('tells what happens from now on, each with the id to go on from', async () => {
    await happened('before');
    const listener = await Listener.open();
    await happened('one');
    await happened('two');
    await waitFor(() => listener.ids.length === 2, { what: 'both events' }); // an id is the last line of its event
    listener.close();
    expect(listener.messages).toEqual(['one', 'two']);
    expect(listener.text).toMatch(/^event: test$/m);
    expect(new Set(listener.ids).size).toBe(2);
  });

  it('goes on after the last event that a browser saw', async () => {
    const listener = await Listener.open('?replay=2');
    await waitFor(() => listener.ids.length === 2, { what: 'the replay' });
    listener.close();
    expect(listener.messages).toEqual(['one', 'two']);
    await happened('three');
    const again = await Listener.open('', { 'last-event-id': listener.ids[0] ?? '' });
    await waitFor(() => again.messages.length === 2, { what: 'what was missed' });
    again.close();
    expect(again.messages).toEqual(['two', 'three']);
  });

  it.each(['nonsense', '1', '1-2-3', "0-0'"])('refuses the id %s', async (id) => {
    const answer = await fetch(`${api.url}/api/v1/cerberus/crowdsec/events`, {
      headers: { authorization: `Bearer ${TEST_TOKEN}`, 'last-event-id': id },
    });
    expect(answer.status).toBe(400);
  });

  it('says that Redis is gone, and misses nothing when it is back', async () => {
    const listener = await Listener.open();
    await redis.stop();
    await waitFor(() => listener.text.includes('"available":false'), { what: 'the outage to be told' });
    await redis.start();
    await waitFor(() => link.isUp, { what: 'the test to reach Redis again' });
    await happened('after the outage');
    await waitFor(() => listener.messages.includes('after the outage'), { what: 'the event' });
    listener.close();
    expect(listener.text).toContain('"available":true');
  });

  it('takes no more than fifty listeners, which Node takes for no leak, and frees the place of one who left', async () => {
    const warnings: Error[] = [];
    const warned = (warning: Error) => void warnings.push(warning);
    process.on('warning', warned);
    const listeners = await Promise.all(Array.from({ length: 50 }, () => Listener.open()));
    expect((await api.get('/events')).body).toMatchObject({ status: 503, code: 'too_many_streams' });
    process.off('warning', warned);
    expect(warnings).toEqual([]);
    for (const listener of listeners) listener.close();
    const next = await waitFor(() => Listener.open().catch(() => undefined), { what: 'a free place' });
    next.close();
  });

  it('does not hold up the end of the process', async () => {
    const listener = await Listener.open();
    await api.stop();
    await waitFor(() => listener.hasEnded, { what: 'the stream to end' });
    expect(listener.wasCut).toBe(false); // what holds up the end is cut after the grace
  });
});
