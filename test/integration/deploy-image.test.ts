/** What the Dockerfile copies is enough to build, and what it keeps is enough to run: its own steps, without an engine. */
import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { projectRoot } from '../../scripts/servers/project-root.ts';
import { run } from '../../scripts/servers/run.ts';
import { DEPLOY } from '../support/compose.ts';
import { readDockerfile } from '../support/dockerfile.ts';
import { Workbench } from '../support/servers.ts';

const stages = new Map(readDockerfile(join(DEPLOY, 'Dockerfile')).map((stage) => [stage.name, stage]));
const copiesOf = (name: string) => stages.get(name)?.copies ?? [];

/** Both compilers and the list of networks, from nothing: a minute on a machine with nothing else to do. */
const BUILD_MS = 600_000;

let bench: Workbench;
let built: string;
beforeAll(async () => {
  bench = await Workbench.open();
  built = bench.path('build');
  mkdirSync(built);
  for (const { sources } of copiesOf('build')) {
    for (const source of sources) cpSync(join(projectRoot, source), join(built, source), { recursive: true });
  }
  symlinkSync(join(projectRoot, 'node_modules'), join(built, 'node_modules')); // what `npm ci` puts there
  const result = await run('npm', ['run', 'build'], { cwd: built, timeoutMs: BUILD_MS - 10_000 });
  if (result.code !== 0) throw new Error(result.stdout + result.stderr);
}, BUILD_MS);
afterAll(() => bench.stop());

/** As `npm prune --omit=dev` leaves it. */
function runtimePackages(): string[] {
  const listed = execFileSync('npm', ['ls', '--all', '--omit=dev', '--parseable'], {
    cwd: projectRoot,
    encoding: 'utf8',
  });
  const paths = listed.split('\n').filter((path) => path.startsWith(`${projectRoot}/node_modules/`));
  return paths.map((path) => path.slice(projectRoot.length + 1));
}

function imageOf(name: string): string {
  const image = bench.path(name);
  for (const { from, sources, to } of copiesOf(name)) {
    if (from !== 'build') continue;
    for (const source of sources.map((path) => path.replace('/app/', ''))) {
      if (source === 'node_modules') {
        for (const path of runtimePackages()) copyPackage(path, image);
        continue;
      }
      const target = to.endsWith('/') ? join(image, to, source.split('/').at(-1) ?? '') : join(image, to);
      expect(existsSync(join(built, source)), source).toBe(true);
      mkdirSync(dirname(target), { recursive: true });
      cpSync(join(built, source), target, { recursive: true });
    }
  }
  return image;
}

function copyPackage(path: string, image: string): void {
  mkdirSync(dirname(join(image, path)), { recursive: true });
  cpSync(join(projectRoot, path), join(image, path), { recursive: true });
}

describe.each(['bouncer', 'control-api'])('the image of the %s', (name) => {
  it('runs its entry point, command and health check with nothing but what it holds', async () => {
    const image = imageOf(name);
    const { instructions = [] } = stages.get(name) ?? {};
    const words = (word: string) =>
      JSON.parse(instructions.find((found) => found.word === word)?.rest.replace(/^--.*CMD /, '') ?? '[]') as string[];
    const [node, ...entry] = words('ENTRYPOINT');
    expect(node).toBe('/nodejs/bin/node');
    for (const args of [
      [...entry, ...words('CMD'), '--help'],
      [...words('HEALTHCHECK').slice(1), '--help'],
    ]) {
      const result = await run(process.execPath, args, { cwd: image });
      expect(result).toMatchObject({ code: 0 });
      expect(result.stdout).toContain(`Usage: ${name} ${args.at(-2) ?? ''}`);
    }
    expect(existsSync(join(image, 'node_modules', 'typescript'))).toBe(false);
  });
});
