/** The documentation names only what exists: files, headings, settings, commands, addresses of the API. */
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { describe, expect, it } from 'vitest';
import { bouncerOptions } from '../../bouncer/config.ts';
import type { OptionTable } from '../../bouncer/shared/config/option.ts';
import { OPTIONS as controlApiOptions } from '../../control-api/options.ts';
import { projectRoot } from '../../scripts/servers/project-root.ts';
import { PORT_SETTINGS } from '../../scripts/start/settings.ts';
import { commandsOf, pages, type Page } from '../support/markdown.ts';
import { appAlone } from './control-api-harness.ts';

const all = pages();
const pageAt = (path: string): Page | undefined => all.find((page) => page.path === path);
const at = (path: string) => join(projectRoot, path);

const settingsOf = (table: OptionTable) =>
  Object.entries(table).flatMap(([name, { secret }]) => (secret === true ? [name, `${name}_FILE`] : [name]));
const envExample = [...readFileSync(at('deploy/.env.example'), 'utf8').matchAll(/^(\w+)=/gm)].map(
  ([, name = '']) => name,
);
const scripts = ['CADDY_BIN', 'CADDY_FLOOR_BIN', 'REDIS_SERVER_BIN', 'START_STATE_DIR'];
/** What the page about another program calls by that program's names. */
const OF_OTHERS = new Map([
  [
    'deploy/from-forward-auth.md',
    [
      'CROWDSEC_BOUNCER_API_KEY',
      'CROWDSEC_AGENT_HOST',
      'CROWDSEC_BOUNCER_BAN_RESPONSE_CODE',
      'CROWDSEC_BOUNCER_BAN_RESPONSE_MSG',
      'CROWDSEC_BOUNCER_LOG_LEVEL',
    ],
  ],
]);

const SETTINGS = new Set([
  ...settingsOf(bouncerOptions),
  ...settingsOf(controlApiOptions),
  ...envExample,
  ...Object.values(PORT_SETTINGS),
  ...scripts,
]);

describe.each(all.map((page) => [page.path, page] as const))('%s', (path, page) => {
  it('has links that lead somewhere', () => {
    for (const link of page.links.filter((target) => !/^[a-z]+:/.test(target))) {
      const [file = '', anchor] = link.split('#');
      const target = file === '' ? path : normalize(join(dirname(path), file));
      expect(existsSync(at(target)), link).toBe(true);
      if (anchor !== undefined) expect([...(pageAt(target)?.anchors ?? [])], link).toContain(anchor);
    }
  });

  it('names settings that exist', () => {
    const names = page.spans.flatMap((span) => /^[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+(?=$|=)/.exec(span) ?? []);
    for (const name of names)
      expect([...SETTINGS, 'NET_BIND_SERVICE', ...(OF_OTHERS.get(path) ?? [])], name).toContain(name);
  });

  it('names files that exist', () => {
    const named = page.spans.filter((span) => /^(bouncer|caddy|control-api|deploy|scripts|test)\/[\w./-]+$/.test(span));
    // A name in deploy/ or of an image is meant from there.
    for (const file of named)
      expect(
        [at(file), join(at(dirname(path)), file)].some((p) => existsSync(p)),
        file,
      ).toBe(true);
  });

  it('has commands that can be run', () => {
    for (const { words, from } of commandsOf(page)) expect(whyNot(words, dirname(path)), from).toBeUndefined();
  });

  it('calls addresses that the API has', async () => {
    const { paths } = (await (await appAlone().request('/openapi.json')).json()) as { paths: Record<string, object> };
    const known = Object.entries(paths).map(([pattern, methods]) => ({
      pattern: new RegExp(`^${pattern.replaceAll(/\{[^}]+\}/g, '[^/]+')}$`),
      methods: Object.keys(methods),
    }));
    for (const { words, from } of commandsOf(page).filter((command) => command.words[0] === 'curl')) {
      const address = words
        .map((word) =>
          word.replace('$api', 'http://localhost/api/v1/cerberus/crowdsec').replace('$root', 'http://localhost'),
        )
        .find((word) => word.includes('/api/v1/'));
      if (address === undefined) continue;
      const method = words[words.indexOf('-X') + 1] ?? '';
      const wanted = words.includes('-X') ? method.toLowerCase() : words.includes('--json') ? 'post' : 'get';
      const { pathname } = new URL(address.replace(/^"|"$/g, ''));
      expect(
        known.some((entry) => entry.pattern.test(pathname) && entry.methods.includes(wanted)),
        from,
      ).toBe(true);
    }
  });
});

const ORDINARY = ['apt-get', 'cd', 'cp', 'curl', 'git', 'grep', 'journalctl', 'nslookup', 'rm', 'systemctl'];
/** Checked by their own help in test/integration/deploy-docs.test.ts. */
const ASKED_ELSEWHERE = ['caddy', 'cscli', 'docker', 'node'];
/** Put in place by deploy/systemd/install.sh, as test/integration/deploy-systemd.test.ts sees. */
const INSTALLED = ['caddy-crowdsec-bouncer', 'caddy-crowdsec-control-api'];

function whyNot([program = '', ...rest]: readonly string[], folder: string): string | undefined {
  if ([...ORDINARY, ...ASKED_ELSEWHERE, ...INSTALLED].includes(program)) return undefined;
  if (program === 'npm') return npmProblem(rest);
  if (program === 'npx') return existsSync(at(`node_modules/.bin/${rest[0] ?? ''}`)) ? undefined : 'no such package';
  if (/^(\.?\.\/|[\w-]+\/)/.test(program)) return scriptProblem(program, folder);
  return `"${program}" is not known here`;
}

function npmProblem([command = '', name = '']: readonly string[]): string | undefined {
  const { scripts: known } = JSON.parse(readFileSync(at('package.json'), 'utf8')) as {
    scripts: Record<string, string>;
  };
  if (command === 'ci') return undefined;
  const script = command === 'run' ? name : command;
  return script in known ? undefined : `package.json has no script "${script}"`;
}

/** From the repository's root, or from the folder of the page. */
function scriptProblem(program: string, folder: string): string | undefined {
  const file = [at(program), join(at(folder), program)].find((candidate) => existsSync(candidate));
  if (file === undefined) return 'there is no such script';
  return (statSync(file).mode & 0o111) === 0 ? 'it may not be executed' : undefined;
}

it('the overview of the folders under test is complete', () => {
  const folders = readdirSync(at('test'), { withFileTypes: true }).filter((entry) => entry.isDirectory());
  const named = pageAt('CONTRIBUTING.md')?.spans ?? [];
  expect(named).toEqual(
    expect.arrayContaining(folders.map(({ name }) => `test/${name}`).filter((name) => name !== 'test/support')),
  );
});

it('every table and sentence of ARCHITECTURE.md about files is about files that are there', () => {
  const named = (pageAt('ARCHITECTURE.md')?.spans ?? []).filter((span) => /^[\w-]+(\/[\w.-]+)+\.\w+$/.test(span));
  expect(named.length).toBeGreaterThan(40);
});
