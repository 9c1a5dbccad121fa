import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { EventStreamReader } from '../../control-api/ui/text/event-stream.ts';

const STREAM =
  ': connected\nretry: 2000\n\nid: 1-0\nevent: caddy\ndata: {"a":1}\n\n: ping\n\nevent: redis\ndata: x\ndata: y\n\n';

const MESSAGES = [
  { id: '1-0', event: 'caddy', data: '{"a":1}' },
  { id: undefined, event: 'redis', data: 'x\ny' },
];

describe('the event stream', () => {
  it('passes over comments and pings', () => {
    expect(new EventStreamReader().push(STREAM)).toEqual(MESSAGES);
  });

  it('reads the same messages however the network cuts them', () => {
    fc.assert(
      fc.property(fc.array(fc.nat({ max: STREAM.length }), { maxLength: 8 }), (cuts) => {
        const reader = new EventStreamReader();
        const places = [0, ...cuts.toSorted((a, b) => a - b), STREAM.length];
        const read = places.slice(1).flatMap((end, index) => reader.push(STREAM.slice(places[index], end)));
        expect(read).toEqual(MESSAGES);
      }),
    );
  });
});
