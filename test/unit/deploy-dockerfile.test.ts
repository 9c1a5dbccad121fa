/** deploy/Dockerfile by the rules that people's linters have, and against what is really in the repository. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { C_HEAP } from '../../scripts/servers/sidecar.ts';
import { projectRoot } from '../../scripts/servers/project-root.ts';
import { readDockerfile, type Stage } from '../support/dockerfile.ts';

const stages = readDockerfile(join(projectRoot, 'deploy', 'Dockerfile'));
const stage = (name: string): Stage => {
  const found = stages.find((candidate) => candidate.name === name);
  if (!found) throw new Error(`no stage ${name}`);
  return found;
};
const all = stages.flatMap(({ instructions }) => instructions);
const ignore = readFileSync(join(projectRoot, 'deploy', 'Dockerfile.dockerignore'), 'utf8').split('\n');

describe('the Dockerfile', () => {
  it('has a build and an image for each daemon', () => {
    expect(stages.map(({ name }) => name)).toEqual(['crowdsec', 'build', 'bouncer', 'control-api']);
  });

  it('copies only what exists and what the build may see', () => {
    const sources = stage('build').copies.flatMap(({ sources }) => sources);
    for (const source of sources) {
      expect(existsSync(join(projectRoot, source)), source).toBe(true);
      expect(ignore, source).toContain(`!${source}`);
    }
    const allowed = ignore.filter((line) => line.startsWith('!')).map((line) => line.slice(1));
    expect([...sources].sort()).toEqual(allowed.sort());
  });

  it('installs from the lock file, runs no script of a package, and drops what only building needs', () => {
    const runs = stage('build').instructions.filter(({ word }) => word === 'RUN');
    expect(runs.map(({ rest }) => rest.split(' --')[0])).toEqual(['npm ci', 'npm run build', 'npm prune']);
    expect(runs[0]?.rest).toContain('--ignore-scripts');
    expect(runs[2]?.rest).toContain('--omit=dev');
  });

  it('ends as somebody who is not root, with absolute folders and programs without a shell', () => {
    for (const name of ['bouncer', 'control-api']) {
      const { instructions } = stage(name);
      const users = instructions.filter(({ word }) => word === 'USER');
      expect(users.at(-1)?.rest).toMatch(/^\d+:\d+$/);
      expect(users.at(-1)?.rest).not.toMatch(/^0:/);
      for (const { word, rest } of instructions) {
        if (word === 'WORKDIR') expect(rest).toMatch(/^\//);
        if (word === 'ENTRYPOINT' || word === 'CMD') expect(JSON.parse(rest)).toBeInstanceOf(Array);
        if (word === 'HEALTHCHECK') expect(JSON.parse(rest.replace(/^.*CMD /, ''))).toContain('healthcheck');
        expect(word).not.toBe('RUN'); // there is no shell to run anything with
      }
    }
  });

  it('gives the bouncer the same heaps as the unit does, and as it was measured with', () => {
    const wanted = Object.entries(C_HEAP).map((setting) => setting.join('='));
    const environment = stage('bouncer').instructions.filter(({ word }) => word === 'ENV');
    const unit = readFileSync(join(projectRoot, 'deploy', 'systemd', 'caddy-crowdsec-bouncer.service'), 'utf8');
    const lines = [environment.map(({ rest }) => rest).join(' '), unit];
    for (const line of lines) expect(line.split(/[\s=](?=MALLOC)|\s/)).toEqual(expect.arrayContaining(wanted));
  });

  it('adds nothing from the internet, carries no secret and no moving tag', () => {
    for (const { word, rest } of all) {
      expect(word).not.toBe('ADD');
      expect(`${word} ${rest}`).not.toMatch(/(TOKEN|SECRET|PASSWORD|_KEY)=/);
      if (word === 'ARG' && rest.includes(':')) expect(rest).not.toMatch(/:latest$/);
    }
    expect(readFileSync(join(projectRoot, 'deploy', 'Dockerfile'), 'utf8')).toMatch(/^# syntax=docker\/dockerfile:1\n/);
  });
});
