import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { beforeAll, expect, it } from 'vitest';
import { projectRoot } from '../../scripts/servers/project-root.ts';
import { requireBuild } from '../support/built.ts';

beforeAll(() => requireBuild(), 120_000);

it('what is printed to somebody who has read enough, as `head` has, is no failure', async () => {
  const env = { PATH: process.env['PATH'], CROWDSEC_BOUNCER_KEY: 'a-key', REDIS_URL: 'none' };
  const child = spawn(process.execPath, [join(projectRoot, 'dist/bouncer/main.js'), 'check-config'], { env });
  child.stdout.destroy();
  let said = '';
  child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()));
  const [code] = (await once(child, 'close')) as [number | null];
  expect([code, said]).toEqual([0, '']);
});
