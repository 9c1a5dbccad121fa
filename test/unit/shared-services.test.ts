import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type Service, ServiceGroup } from '../../bouncer/shared/runtime/service.ts';
import { fakeLog } from '../support/fake-log.ts';

let events: string[];

beforeEach(() => {
  events = [];
  vi.useFakeTimers();
});
afterEach(() => {
  expect(vi.getTimerCount()).toBe(0);
  vi.useRealTimers();
});

function part(name: string, changes: Partial<Service> = {}): Service {
  return {
    name,
    start: () => void events.push(`start ${name}`),
    stop: () => void events.push(`stop ${name}`),
    ...changes,
  };
}

function groupOf(parts: Service[]) {
  const logger = fakeLog();
  return { group: new ServiceGroup(parts, logger.log), ...logger };
}

describe('a group of services', () => {
  it('starts one after the other, and stops in reverse', async () => {
    const slow = part('b', {
      start: async () => {
        await Promise.resolve();
        events.push('start b');
      },
      stop: async () => {
        await Promise.resolve();
        events.push('stop b');
      },
    });
    const { group } = groupOf([part('a'), slow, part('c')]);
    await group.start();
    await group.stop();
    expect(events).toEqual(['start a', 'start b', 'start c', 'stop c', 'stop b', 'stop a']);
  });

  it('stops what had begun to start when a start fails, and nothing else', async () => {
    const failing = part('b', { start: () => Promise.reject(new Error('port taken')) });
    const { group } = groupOf([part('a'), failing, part('c')]);
    await expect(group.start()).rejects.toThrow('port taken');
    await group.stop();
    expect(events).toEqual(['start a', 'stop b', 'stop a']);
  });

  it.each([
    ['throws', () => { throw new Error('broken'); }], // prettier-ignore
    ['rejects', () => Promise.reject(new Error('broken'))],
  ])('stops the others when one part %s, and tells which and why', async (_, stop) => {
    const { group, lines, warnings } = groupOf([part('a'), part('b', { stop }), part('c')]);
    await group.start();
    await group.stop();
    expect(events.slice(3)).toEqual(['stop c', 'stop a']);
    expect(warnings()).toEqual(['a part did not stop in order']);
    expect(lines[0]).toMatchObject({ service: 'b', error: { message: 'broken' } });
  });

  it('stops the others when one part hangs, after ten seconds and not before', async () => {
    const { group, warnings } = groupOf([part('a'), part('b', { stop: () => new Promise(() => undefined) })]);
    await group.start();
    const stopped = group.stop();
    await vi.advanceTimersByTimeAsync(9_999);
    expect(events).not.toContain('stop a');
    await vi.advanceTimersByTimeAsync(1);
    await stopped;
    expect(events).toContain('stop a');
    expect(warnings()).toHaveLength(1);
  });

  it('survives a part that fails after its time was up', async () => {
    const late = () => new Promise<void>((_, reject) => setTimeout(() => reject(new Error('late')), 11_000));
    const { group } = groupOf([part('a', { stop: late })]);
    await group.start();
    const stopped = group.stop();
    await vi.advanceTimersByTimeAsync(12_000);
    await expect(stopped).resolves.toBeUndefined();
  });

  it('stops each part once, however often it is asked', async () => {
    const { group } = groupOf([part('a')]);
    await group.start();
    await Promise.all([group.stop(), group.stop()]);
    await group.stop();
    expect(events).toEqual(['start a', 'stop a']);
  });
});
