import { describe, expect, it } from 'vitest';
import { controlApiClient } from '../../control-api/client.ts';
import { appAlone, TOKEN } from './control-api-harness.ts';

/** The client in front of the app itself: what it sends is what a server would get. */
function clientOf(token?: string) {
  const app = appAlone();
  const send: typeof fetch = (input, init) => Promise.resolve(app.request(input as string | URL, init));
  return controlApiClient('http://127.0.0.1:8080', token, send).api.v1.cerberus.crowdsec;
}

describe('the typed client', () => {
  it('reads what the API answers, as the schemas say', async () => {
    const answer = await clientOf().diagnostics.config.$get();
    if (answer.status !== 200) throw new Error(`${answer.status}`); // tells the type, too
    const { valid, checks } = await answer.json();
    expect(valid).toBe(false); // there is no CrowdSec behind this app
    expect(checks.map(({ status }) => status)).toContain('failed');
  });

  it('carries the token, without which nothing is changed', async () => {
    const change = { json: { enabled: false } };
    expect((await clientOf().enabled.$put(change)).status).toBe(401);
    expect((await clientOf(TOKEN).enabled.$put(change)).status).toBe(503); // let in; but Redis is gone
  });
});
