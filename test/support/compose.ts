import { join } from 'node:path';
import { unpackBundle, type Bundle } from '../../scripts/servers/debian-packages.ts';
import { projectRoot } from '../../scripts/servers/project-root.ts';
import { run } from '../../scripts/servers/run.ts';

/** Debian 12's own is 1.29 and refuses newer keys; sid's needs only libc, and no engine to check files. */
const bundle: Bundle = { name: 'docker-compose', suite: 'sid', packages: ['docker-compose'], programs: [] };

export const DEPLOY = join(projectRoot, 'deploy');

export interface ComposeMount {
  readonly type: 'bind' | 'volume' | 'tmpfs';
  readonly source: string;
  readonly target: string;
  readonly read_only?: boolean;
}

export interface ComposeService {
  readonly user?: string;
  readonly pid?: string;
  readonly read_only?: boolean;
  readonly privileged?: boolean;
  readonly cap_drop?: readonly string[];
  readonly cap_add?: readonly string[];
  readonly security_opt?: readonly string[];
  readonly group_add?: readonly string[];
  readonly command?: readonly string[] | null;
  readonly entrypoint?: readonly string[] | null;
  readonly environment?: Readonly<Record<string, string>>;
  readonly volumes?: readonly ComposeMount[];
  readonly networks?: Readonly<Record<string, unknown>>;
  readonly ports?: readonly { readonly published: string; readonly host_ip?: string; readonly target: number }[];
  readonly healthcheck?: { readonly test: readonly string[] };
  readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>;
  readonly build?: { readonly dockerfile: string; readonly target: string; readonly context: string };
}

export interface ComposeProject {
  readonly services: Readonly<Record<string, ComposeService>>;
  readonly networks: Readonly<Record<string, { readonly internal?: boolean; readonly enable_ipv6?: boolean }>>;
  readonly volumes: Readonly<Record<string, { readonly driver_opts?: Readonly<Record<string, string>> } | null>>;
}

export async function composeProgram(): Promise<string> {
  return join(await unpackBundle(bundle, () => undefined), 'usr/libexec/docker/cli-plugins/docker-compose');
}

/** What docker-compose itself makes of these files; throws with its own words. */
export async function composeConfig(
  files: readonly string[],
  env: Readonly<Record<string, string>> = {},
  ...options: string[]
): Promise<ComposeProject> {
  const program = await composeProgram();
  const named = files.flatMap((file) => ['-f', join(DEPLOY, file)]);
  // Nothing of this machine's own settings may decide.
  const clean = Object.fromEntries(Object.keys(process.env).map((name) => [name, undefined]));
  const result = await run(program, [...options, ...named, 'config', '--format', 'json'], {
    cwd: DEPLOY,
    env: { ...clean, PATH: process.env['PATH'], HOME: '/nonexistent', ...env },
  });
  if (result.code !== 0 || result.stderr !== '') throw new Error(`docker-compose config: ${result.stderr}`);
  return JSON.parse(result.stdout) as ComposeProject;
}
