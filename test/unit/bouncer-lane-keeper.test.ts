import { existsSync, mkdirSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { once } from 'node:events';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { LaneKeeper } from '../../bouncer/enforce/lane-keeper.ts';
import { fakeLog } from '../support/fake-log.ts';
import { prefixOf } from '../support/fake-decision.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const NOBODY = { addresses: [], ranges: [], exceptions: [] };
const SECRET = '0123456789abcdef0123456789abcdef';

/** What stands for Caddy: it sees the folder, and says so. */
let caddy: Server;
let root: string;
let keeper: LaneKeeper;
/** Happens once, before the next answer. */
let meanwhile: (() => void) | undefined;

beforeEach(async () => {
  root = temporaryFolder('lane');
  caddy = createServer((_, response) => {
    meanwhile?.();
    meanwhile = undefined;
    response.writeHead(existsSync(join(root, 'proof', SECRET)) ? 204 : 404).end();
  });
  caddy.listen(0, '127.0.0.1');
  await once(caddy, 'listening');
  const probeUrl = `http://127.0.0.1:${(caddy.address() as AddressInfo).port}`;
  const settings = { root, rootInCaddy: root, probeUrl, secret: SECRET };
  keeper = new LaneKeeper(
    settings,
    () => true,
    () => 0,
    fakeLog().log,
  );
});
afterEach(async () => {
  await keeper.close();
  caddy.close();
});

describe('the lane of a Caddy', () => {
  it('is proven when Caddy sees what is put there', async () => {
    expect(keeper.routes.isActive).toBe(false);
    expect(await keeper.check()).toBe(true);
    expect(keeper.routes.isActive).toBe(true);
    expect(await keeper.check()).toBe(false);
  });

  it('is not taken for proven when an entry could not be written while Caddy was asked', async () => {
    await keeper.check();
    keeper.pushing(NOBODY);
    keeper.confirmed(NOBODY, keeper.routes);
    meanwhile = () => {
      rmSync(join(root, 'ban'), { recursive: true });
      keeper.touch(prefixOf('192.0.2.9'));
      keeper.write();
      mkdirSync(join(root, 'ban'));
    };
    expect(await keeper.check()).toBe(true);
    expect(keeper.status).toMatchObject({ state: 'unproven', reason: expect.stringContaining('ENOENT') as string });
    expect(keeper.routes.isActive).toBe(false);

    expect(await keeper.check()).toBe(true);
    keeper.pushing(NOBODY);
    keeper.confirmed(NOBODY, keeper.routes);
    expect(existsSync(join(root, 'ban', '192.0.2.9'))).toBe(true);
    expect(keeper.suffices).toBe(true);
  });
});
