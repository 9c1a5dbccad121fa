import { describe, expect, it } from 'vitest';
import { readLogFigures } from '../../control-api/crowdsec/log-figures.ts';

describe('what CrowdSec says of the logs that it reads', () => {
  it('is the first of several objects, as 1.4.6 prints them', () => {
    const printed =
      '{\n "file:/a.log": {\n  "reads": 4,\n  "parsed": 3,\n  "unparsed": 1\n }\n}{\n "x": {\n  "hits": 9\n }\n}{}\n';
    expect(readLogFigures(printed)).toEqual({ sources: ['file:/a.log'], read: 4, understood: 3 });
  });

  it('is a member of one object, as later ones print it', () => {
    const acquisition = { 'docker:caddy': { reads: 10, unparsed: 10 }, 'file:/b': { pour: 2, reads: 5, parsed: 5 } };
    const printed = JSON.stringify({ acquisition, alerts: {}, lapi: { '/v1/alerts': { GET: 3 } } }, null, 2);
    expect(readLogFigures(printed)).toEqual({ sources: ['docker:caddy', 'file:/b'], read: 15, understood: 5 });
  });

  it('is nothing where no log was read', () => {
    expect(readLogFigures('{}{}{\n "/v1/alerts": {\n  "GET": 1\n }\n}')).toEqual({
      sources: [],
      read: 0,
      understood: 0,
    });
    expect(readLogFigures('{"acquisition": {}}')).toEqual({ sources: [], read: 0, understood: 0 });
  });

  it('is not guessed from something else', () => {
    expect(readLogFigures('')).toBeUndefined();
    expect(readLogFigures('no metrics here')).toBeUndefined();
    expect(readLogFigures('{"acquisition": "many"}')).toBeUndefined();
  });
});
