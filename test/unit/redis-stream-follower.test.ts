import { describe, expect, it } from 'vitest';
import type { StreamEntry } from '../../bouncer/shared/redis/batch-stream.ts';
import type { LoadedSnapshot } from '../../bouncer/shared/redis/decision-source.ts';
import { StreamFollower } from '../../bouncer/shared/redis/stream-follower.ts';
import { type SetSource, readWholeSet } from '../../bouncer/shared/redis/whole-set.ts';
import type { Decision } from '../../bouncer/shared/domain/decision.ts';
import { decisionOf } from '../support/fake-decision.ts';

const ban = (id: number) => decisionOf(id, `192.0.2.${id}`);
const idsOf = (decisions: Iterable<Decision>) => Array.from(decisions, ({ id }) => id);
const number = (id: string) => Number(id.split('-')[0]);

/** A snapshot and the entries of a stream, where any question can fail. */
class FakeSource implements SetSource {
  written: LoadedSnapshot = { takenAt: 0, position: '1-0', token: 1, decisions: [ban(1)] };
  entries: StreamEntry[] = [{ kind: 'snapshot', id: '1-0' }];
  /** How often a snapshot was asked for. */
  wishes = 0;
  /** Called before each answer. */
  onAsked: (what: 'snapshot' | 'holds' | 'after', position: string) => void = () => undefined;

  async snapshot() {
    await Promise.resolve();
    this.onAsked('snapshot', '');
    return this.written;
  }

  async askForSnapshot() {
    await Promise.resolve();
    this.wishes++;
  }

  async holds(position: string) {
    await Promise.resolve();
    this.onAsked('holds', position);
    return this.entries.some(({ id }) => id === position);
  }

  /** One at a time, so that there are many pages. */
  async after(position: string) {
    await Promise.resolve();
    this.onAsked('after', position);
    return this.entries.filter(({ id }) => number(id) > number(position)).slice(0, 1);
  }

  append(added: readonly Decision[], removedIds: readonly number[] = []): void {
    this.entries.push({ kind: 'batch', id: this.#nextId, batch: { added, removedIds } });
  }

  damage(): void {
    this.entries.push({ kind: 'unreadable', id: this.#nextId, reason: 'no batch' });
  }

  announce(decisions: Decision[]): void {
    this.written = { ...this.written, decisions };
    this.entries.push({ kind: 'snapshot', id: this.#nextId });
  }

  get #nextId(): string {
    return `${number(this.entries.at(-1)?.id ?? '0-0') + 1}-0`;
  }
}

/** A set that remembers everything that it ever was. */
class FollowedIds {
  readonly states: string[] = [];
  #ids = new Set<number>();

  onSnapshot({ decisions }: Pick<LoadedSnapshot, 'decisions'>): void {
    this.#ids = new Set(idsOf(decisions));
    this.#note();
  }

  onBatch({ removedIds, added }: { readonly removedIds: readonly number[]; readonly added: readonly Decision[] }) {
    for (const id of removedIds) this.#ids.delete(id);
    for (const { id } of added) this.#ids.add(id);
    this.#note();
  }

  #note(): void {
    this.states.push([...this.#ids].sort((a, b) => a - b).join());
  }
}

describe('whoever follows the stream', () => {
  it('never goes back to the snapshot alone, when it starts again', async () => {
    const source = new FakeSource();
    const set = new FollowedIds();
    const follower = new StreamFollower(source, set);
    source.append([ban(2)]);
    source.append([ban(3)], [1]);
    expect(await follower.catchUp()).toBe(true);
    follower.startAgain();
    expect(await follower.catchUp()).toBe(true);
    expect(set.states).toEqual(['2,3', '2,3']);
  });

  it('keeps what it holds as long as any answer fails on the way back to it', async () => {
    const source = new FakeSource();
    const set = new FollowedIds();
    const follower = new StreamFollower(source, set);
    source.append([ban(2)]);
    source.append([ban(3)], [1]);
    await follower.catchUp();
    let asked = 0;
    source.onAsked = () => {
      asked++;
    };
    follower.startAgain();
    await follower.catchUp();
    const answers = asked;
    expect(answers).toBe(7); // the snapshot, and three pages
    for (let failing = 1; failing <= answers; failing++) {
      asked = 0;
      source.onAsked = () => {
        if (++asked === failing) throw new Error('Command timed out');
      };
      follower.startAgain();
      await expect(follower.catchUp()).rejects.toThrow('Command timed out');
    }
    expect(new Set(set.states)).toEqual(new Set(['2,3']));
    source.onAsked = () => undefined;
    source.append([ban(4)]);
    await follower.catchUp();
    expect(set.states.at(-1)).toBe('2,3,4');
  });

  it('does not go back either where the stream was trimmed past it', async () => {
    const source = new FakeSource();
    const set = new FollowedIds();
    const follower = new StreamFollower(source, set);
    source.append([ban(2)]);
    await follower.catchUp();
    source.append([ban(3)]);
    source.append([ban(4)], [1]);
    source.written = { ...source.written, position: '3-0', decisions: [ban(1), ban(2), ban(3)] };
    source.entries = source.entries.filter(({ id }) => number(id) > 2);
    await follower.catchUp();
    expect(set.states).toEqual(['1,2', '2,3,4']);
  });

  it('takes the newest snapshot where another is announced while it reads', async () => {
    const source = new FakeSource();
    const set = new FollowedIds();
    const follower = new StreamFollower(source, set);
    source.append([ban(2)]);
    source.onAsked = (what, position) => {
      if (what !== 'after' || position !== '2-0') return;
      source.onAsked = () => undefined;
      source.announce([ban(7)]);
      source.append([ban(8)]);
    };
    await follower.catchUp();
    source.append([], [7]);
    await follower.catchUp();
    expect(set.states).toEqual(['7,8', '8']);
  });

  it('goes on from a snapshot that was announced after an entry that it cannot read, however far behind that', async () => {
    const source = new FakeSource();
    const set = new FollowedIds();
    source.damage();
    for (const id of [2, 3]) source.append([ban(id)]);
    source.announce([ban(1), ban(2), ban(3)]); // which begins with what may not be in it
    source.append([ban(4)]);
    expect(await new StreamFollower(source, set).catchUp()).toBe(true);
    expect(set.states).toEqual(['1,2,3,4']);
  });

  it('asks for a snapshot where nothing else helps, and keeps what it holds until then', async () => {
    const source = new FakeSource();
    const set = new FollowedIds();
    const follower = new StreamFollower(source, set);
    source.onAsked = () => {
      throw new Error('Command timed out');
    };
    await expect(follower.catchUp()).rejects.toThrow('Command timed out');
    source.onAsked = () => undefined;
    await follower.catchUp();
    expect(source.wishes).toBe(0);
    source.damage();
    await expect(follower.catchUp()).rejects.toThrow('no batch');
    follower.startAgain();
    await expect(follower.catchUp()).rejects.toThrow('no batch');
    expect([source.wishes, set.states]).toEqual([2, ['1']]);
    source.announce([ban(2)]);
    await follower.catchUp();
    expect([source.wishes, set.states]).toEqual([2, ['1', '2']]);
  });

  it('does not go back with a Redis that has lost the newest, until that is written again', async () => {
    const source = new FakeSource();
    const set = new FollowedIds();
    const follower = new StreamFollower(source, set);
    const { written, entries } = source;
    const old = entries.slice();
    for (const id of [2, 3]) source.append([ban(id)]);
    await follower.catchUp();
    source.append([ban(4)]);
    await follower.catchUp();
    source.entries = old.slice();
    for (const _ of [1, 2]) await expect(follower.catchUp()).rejects.toThrow(/has lost the newest/);
    expect([source.wishes, set.states.at(-1)]).toEqual([2, '1,2,3,4']);
    source.entries = [...old, { kind: 'snapshot', id: '5-0' }];
    source.written = { ...written, decisions: [ban(2), ban(3), ban(4)] };
    await follower.catchUp();
    expect(set.states.at(-1)).toBe('2,3,4');
  });

  it('takes what stands before the place that it had read to where another has the lease since', async () => {
    const source = new FakeSource();
    const set = new FollowedIds();
    const follower = new StreamFollower(source, set);
    source.append([ban(2)]);
    await follower.catchUp();
    source.entries = [{ kind: 'snapshot', id: '1-0' }]; // the time of day was set back, and Redis was wiped
    source.written = { ...source.written, token: 2, decisions: [ban(5)] };
    await follower.catchUp();
    expect(set.states).toEqual(['1,2', '5']);
  });

  it('starts again although it was asked to in the middle of a look', async () => {
    const source = new FakeSource();
    const set = new FollowedIds();
    const follower = new StreamFollower(source, set);
    await follower.catchUp();
    source.append([ban(2)]);
    source.onAsked = (what) => {
      if (what === 'after') follower.startAgain();
    };
    await follower.catchUp();
    const asked: string[] = [];
    source.onAsked = (what) => void asked.push(what);
    await follower.catchUp();
    expect(asked[0]).toBe('snapshot');
  });
});

describe('a set that is read once', () => {
  it('is what could be read, with the reason where that is not all', async () => {
    const source = new FakeSource();
    source.append([ban(2)]);
    source.append([ban(3)]);
    source.onAsked = (what, position) => {
      if (what === 'after' && position === '2-0') throw new Error('no batch');
    };
    const found = await readWholeSet(source);
    expect(idsOf(found?.decisions ?? [])).toEqual([1, 2]);
    expect(found?.trouble).toEqual(new Error('no batch'));
  });
});
