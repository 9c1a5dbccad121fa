/** Bans and unbans through the file lane, on both real Caddys: no reload, right at every step, and given up when lost. */
import { spawnSync } from 'node:child_process';
import { readdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { CADDY_VERSIONS, Workbench } from '../support/servers.ts';
import { startStack, type Stack, type StackOptions } from '../support/stack.ts';
import { waitFor } from '../support/wait-for.ts';

/** A LAPI that was gone is asked again at growing intervals, and a machine may be slow. */
const LAPI_BACK_MS = 40_000;

interface CaddyRow {
  readonly state: string;
  readonly pushes: number;
  readonly lane?: { readonly state: string; readonly entries: number; readonly reason?: string };
}

describe.each(CADDY_VERSIONS)('with Caddy %s', (caddy) => {
  let stack: Stack | undefined;
  let folders: Workbench | undefined;

  afterEach(async () => {
    await stack?.stop();
    await folders?.stop();
  });

  /** A stack whose lane Caddy was seen to see. */
  async function withLane(options: Partial<StackOptions> = {}): Promise<{ stack: Stack; root: string }> {
    folders = await Workbench.open();
    const root = folders.path('lane');
    stack = await startStack({
      caddy,
      ...options,
      lane: root,
    });
    await laneIs(stack, 'proven');
    return { stack, root };
  }

  it('bans and lifts without a single reload', async () => {
    const { stack } = await withLane();
    const before = (await row(stack)).pushes;
    for (const address of ['127.3.0.1', '127.3.0.2', '::1']) {
      await stack.ban(address);
      await confirmed(stack);
      expect(await stack.requestFrom(address)).toMatchObject({ status: 403 });
    }
    expect(await stack.requestFrom('127.3.0.9')).toMatchObject({ status: 200 });
    await stack.unban('127.3.0.1');
    await confirmed(stack);
    expect(await stack.requestFrom('127.3.0.1')).toMatchObject({ status: 200 });
    expect(await row(stack)).toMatchObject({ pushes: before, lane: { state: 'proven', entries: 2 } });
    const paths = stack.site.upstream.requests.map(({ url }) => url);
    expect(paths.filter((path) => path.includes('crowdsec-lane'))).toEqual([]);
  });

  it('lifts a compiled ban without a reload, and bans it again', async () => {
    const { stack } = await withLane({ banned: Array.from({ length: 150 }, (_, i) => `127.4.0.${i}`) });
    const before = (await row(stack)).pushes;
    await stack.unban('127.4.0.7');
    await confirmed(stack);
    expect(await stack.requestFrom('127.4.0.7')).toMatchObject({ status: 200 });
    expect(await stack.requestFrom('127.4.0.8')).toMatchObject({ status: 403 });
    await stack.ban('127.4.0.7');
    await confirmed(stack);
    expect(await stack.requestFrom('127.4.0.7')).toMatchObject({ status: 403 });
    expect(await row(stack)).toMatchObject({ pushes: before, lane: { entries: 0 } });
  });

  it('folds its entries into the next push, and answers the same', async () => {
    const { stack } = await withLane();
    await stack.ban('127.3.0.1');
    await confirmed(stack);
    await stack.ban('127.33.0.0/16');
    await confirmed(stack);
    expect(await stack.requestFrom('127.33.1.1')).toMatchObject({ status: 403 });
    expect(await stack.requestFrom('127.3.0.1')).toMatchObject({ status: 403 });
    expect(await row(stack)).toMatchObject({ lane: { state: 'proven', entries: 0 } });
  });

  it('is rebuilt from the truth when the bouncer was killed', async () => {
    const { stack } = await withLane();
    for (const address of ['127.3.0.1', '127.3.0.2']) await stack.ban(address);
    await confirmed(stack);
    await stack.bouncer.kill('SIGKILL');
    expect(await stack.requestFrom('127.3.0.1')).toMatchObject({ status: 403 });
    await stack.unban('127.3.0.1');
    await stack.ban('127.3.0.3');
    await stack.bouncer.start();
    await stack.untilServed('127.3.0.1');
    expect(await stack.requestFrom('127.3.0.2')).toMatchObject({ status: 403 });
    expect(await stack.requestFrom('127.3.0.3')).toMatchObject({ status: 403 });
    await laneIs(stack, 'proven');
  });

  it('keeps after a kill what only its entries say, until LAPI answers: the snapshot is older', async () => {
    const { stack } = await withLane({ banned: ['127.3.0.1'] });
    await stack.ban('127.3.0.2');
    await stack.unban('127.3.0.1');
    await confirmed(stack);
    await stack.bouncer.kill('SIGKILL');
    await stack.crowdsec.stop();
    await stack.bouncer.start('alive');
    await laneIs(stack, 'joining'); // seen by Caddy, and from here on it could be written
    expect(await row(stack)).toMatchObject({ lane: { entries: 2 } });
    expect(await stack.requestFrom('127.3.0.1')).toMatchObject({ status: 200 });
    expect(await stack.requestFrom('127.3.0.2')).toMatchObject({ status: 403 });
    await stack.crowdsec.start();
    await stack.ban('127.3.0.1');
    await stack.unban('127.3.0.2');
    await stack.untilBlocked('127.3.0.1', LAPI_BACK_MS);
    await stack.untilServed('127.3.0.2', LAPI_BACK_MS);
    await laneIs(stack, 'proven');
  });

  it('falls back to pushes when Caddy no longer sees the folder, says so, and comes back', async () => {
    const { stack, root } = await withLane();
    await stack.ban('127.3.0.1');
    await confirmed(stack);
    await rename(root, `${root}-away`);
    await writeFile(root, 'not a folder, so that none can be made anew');
    await laneIs(stack, 'unproven');
    await stack.ban('127.3.0.2');
    await stack.untilBlocked('127.3.0.2');
    expect(await stack.requestFrom('127.3.0.1')).toMatchObject({ status: 403 });
    await stack.unban('127.3.0.1');
    await stack.untilServed('127.3.0.1');
    await rm(root);
    await rename(`${root}-away`, root);
    await laneIs(stack, 'proven');
    expect(await stack.requestFrom('127.3.0.1')).toMatchObject({ status: 200 });
    expect(await stack.requestFrom('127.3.0.2')).toMatchObject({ status: 403 });
  });

  it('is taken away by "bouncer clear", with the rules', async () => {
    const { stack, root } = await withLane();
    await stack.ban('127.3.0.1');
    await confirmed(stack);
    await stack.bouncer.stop();
    const env = { ...process.env, ...stack.bouncer.spec.env };
    const cleared = spawnSync(process.execPath, [join('dist', 'bouncer', 'main.js'), 'clear'], {
      env,
      encoding: 'utf8',
    });
    expect(cleared).toMatchObject({ status: 0, stderr: '' });
    expect(await stack.requestFrom('127.3.0.1')).toMatchObject({ status: 200 });
    expect(await readdir(root)).toEqual([]);
  });

  it('is not trusted where Caddy sees another folder, and bans go through pushes', async () => {
    folders = await Workbench.open();
    const elsewhere = { LANE_DIR_CADDY: folders.path('another-folder') };
    stack = await startStack({ caddy, lane: folders.path('lane'), bouncer: elsewhere });
    const { pushes } = await row(stack);
    await stack.ban('127.3.0.1');
    await confirmed(stack);
    expect(await stack.requestFrom('127.3.0.1')).toMatchObject({ status: 403 });
    const after = await row(stack);
    expect(after.pushes).toBe(pushes + 1);
    expect(after.lane).toMatchObject({ state: 'unproven', entries: 0 });
    expect(after.lane?.reason).toContain('Caddy does not see the files of LANE_DIR');
  });

  it('cannot be asked for while the bouncer itself is banned, and that is told', async () => {
    const { stack } = await withLane();
    await stack.ban('127.0.0.1');
    await waitFor(
      async () => {
        const { lane } = await row(stack);
        expect(lane).toMatchObject({
          state: 'unproven',
          reason: expect.stringMatching(/answered 403 .*banned/) as string,
        });
        return true;
      },
      { what: 'the ban to be told as the reason', withinMs: 30_000 },
    );
    await stack.unban('127.0.0.1');
    await waitFor(async () => (await row(stack)).lane?.state === 'proven', { what: 'the lane', withinMs: 30_000 });
  });

  it('keeps its bans over the user’s own reload', async () => {
    const { stack } = await withLane();
    await stack.ban('127.3.0.1');
    await confirmed(stack);
    await stack.caddy.reload();
    await stack.untilBlocked('127.3.0.1');
    await laneIs(stack, 'proven');
    await stack.unban('127.3.0.1');
    await confirmed(stack);
    expect(await stack.requestFrom('127.3.0.1')).toMatchObject({ status: 200 });
  });
});

async function row(stack: Stack): Promise<CaddyRow> {
  const { caddies } = JSON.parse((await stack.bouncer.get('/readyz')).body) as { caddies: [CaddyRow] };
  return caddies[0];
}

async function laneIs(stack: Stack, state: string): Promise<void> {
  await waitFor(
    async () => {
      const current = await row(stack);
      if (current.lane?.state !== state || current.state !== 'in_sync') throw new Error(JSON.stringify(current));
      return true;
    },
    { what: `the lane to be ${state}` },
  );
}

/** Everything is pulled: a poll that looked while LAPI stored a ban has used up the delta that would have told of it. */
async function confirmed(stack: Stack): Promise<void> {
  const answer = await stack.bouncer.get('/refresh?wait&full', 'POST');
  expect(JSON.parse(answer.body)).toEqual({ confirmed: true, missing: [] });
}
