import { describe, expect, it } from 'vitest';
import { Secret } from '../../bouncer/shared/runtime/secret.ts';
import type { LapiRequest, LapiTransport } from '../../control-api/crowdsec/lapi-transport.ts';
import { MachineClient } from '../../control-api/crowdsec/machine-client.ts';

/** A LAPI that takes the machine's login, and whose every other answer never arrives. */
function clientOf(code: string): MachineClient {
  const send = ({ path }: LapiRequest) =>
    path === '/v1/watchers/login'
      ? Promise.resolve({ status: 200, text: '{"token":"t"}' })
      : Promise.reject(Object.assign(new Error(code), { code }));
  const credentials = { id: 'm', password: new Secret('p') };
  return new MachineClient({ send } as unknown as LapiTransport, () => Promise.resolve({ kind: 'ok', credentials }));
}

describe('a change of which LAPI did not say how it ended', () => {
  it.each(['UND_ERR_HEADERS_TIMEOUT', 'ECONNRESET', 'UND_ERR_SOCKET'])(
    'is told to be open after %s, since LAPI may have stored it',
    async (code) => {
      const client = clientOf(code);
      const open = {
        message: expect.stringMatching(/may have done it/) as string,
        hint: expect.stringMatching(/^Look/) as string,
      };
      expect(await client.addAlerts([])).toMatchObject(open);
      expect(await client.deleteDecision(1)).toMatchObject(open);
      expect(await client.deleteDecisionsOn('192.0.2.1')).toMatchObject(open);
    },
  );

  it('is told not to have happened where LAPI was never reached', async () => {
    const refused = { message: 'LAPI not available: connection refused' };
    expect(await clientOf('ECONNREFUSED').addAlerts([])).toMatchObject(refused);
  });

  it('is no matter where something was only read', async () => {
    expect(await clientOf('ECONNRESET').alerts({})).toMatchObject({
      message: 'LAPI not available: the connection was reset',
    });
  });
});
