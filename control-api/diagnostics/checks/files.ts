import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';
import { accountPath } from '../../crowdsec/central-api-account.ts';
import { credentialsPath } from '../../crowdsec/machine-credentials.ts';
import { type Check, type CheckResult, type Diagnosed, failed, ok, skipped, warning } from '../check.ts';

const OTHERS_MAY_READ = 0o004;

/** One file of CrowdSec's: present, readable, valid, and not open to everybody when it holds a secret. */
function file(
  id: string,
  title: string,
  path: (diagnosed: Diagnosed) => string | Promise<string>,
  more: FileTraits = {},
): Check {
  return {
    id,
    title,
    group: 'configuration',
    run: async (diagnosed) => {
      const folder = await folderProblem(diagnosed.config.CROWDSEC_CONFIG_DIR);
      if (folder !== undefined && id !== 'config_yaml')
        return skipped('CrowdSec’s configuration folder cannot be read');
      return folder ?? checkFile(await path(diagnosed), more, diagnosed);
    },
  };
}

interface FileTraits {
  readonly isOptional?: true;
  readonly isSecret?: true;
  /** What else can be wrong with its content. */
  readonly content?: (content: unknown, diagnosed: Diagnosed, path: string) => CheckResult | undefined;
}

async function folderProblem(folder: string): Promise<CheckResult | undefined> {
  try {
    await readdir(folder);
    return undefined;
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? 'unknown';
    const hint =
      code === 'ENOENT' ? 'Set CROWDSEC_CONFIG_DIR, or mount CrowdSec’s configuration here.' : 'Let this user read it.';
    return failed(`${folder} cannot be read (${code})`, hint);
  }
}

async function checkFile(path: string, traits: FileTraits, diagnosed: Diagnosed): Promise<CheckResult> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    return unreadable(path, (error as NodeJS.ErrnoException).code ?? 'unknown', traits);
  }
  const yaml = readYaml(text);
  if (yaml.kind === 'broken') {
    const where = yaml.line === undefined ? path : `${path}, line ${yaml.line}`;
    return failed(`${where}: not valid YAML (${yaml.what})`, 'Correct that line.');
  }
  const wrong = traits.content?.(yaml.content, diagnosed, path);
  if (wrong !== undefined) return wrong;
  if (traits.isSecret && ((await stat(path)).mode & OTHERS_MAY_READ) !== 0) {
    return warning(`${path} holds a password and everybody may read it`, `chmod 600 ${path}`);
  }
  return ok(`${path} is valid`);
}

function unreadable(path: string, code: string, { isOptional }: FileTraits): CheckResult {
  if (code !== 'ENOENT') return failed(`${path} cannot be read (${code})`, 'Let this user read it.');
  if (isOptional) return ok(`${path} is not there, and need not be`);
  return failed(`${path} is missing`, 'Restore it from CrowdSec’s package, or correct CROWDSEC_CONFIG_DIR.');
}

type Yaml =
  | { readonly kind: 'ok'; readonly content: unknown }
  | { readonly kind: 'broken'; readonly line: number | undefined; readonly what: string };

/** The first document; a file of CrowdSec's may hold several. */
function readYaml(text: string): Yaml {
  const documents = parseAllDocuments(text);
  if (!Array.isArray(documents)) return { kind: 'ok', content: undefined }; // an empty file
  const error = documents.flatMap(({ errors }) => errors)[0];
  if (error === undefined) return { kind: 'ok', content: documents[0]?.toJS() };
  // The parser's own words may quote the line, and the line may be a password.
  return { kind: 'broken', line: error.linePos?.[0].line, what: error.code.toLowerCase().replaceAll('_', ' ') };
}

/** `127.0.0.1:8080` → `8080`. */
function portOf(listen: unknown): string | undefined {
  return typeof listen === 'string' ? /:(\d+)$/.exec(listen)?.[1] : undefined;
}

function mainConfig(content: unknown, { config }: Diagnosed, path: string): CheckResult | undefined {
  const server = (content as { api?: { server?: { listen_uri?: unknown } } } | null)?.api?.server;
  if (server === undefined)
    return failed(`${path} has no api.server: LAPI would not start`, 'Add api.server.listen_uri.');
  const configured = portOf(server.listen_uri);
  const used = config.CROWDSEC_LAPI_URL.startsWith('unix:') ? undefined : new URL(config.CROWDSEC_LAPI_URL).port;
  if (configured === undefined || used === undefined || used === '' || configured === used) return undefined;
  return warning(
    `${path} lets LAPI listen on port ${configured}, and CROWDSEC_LAPI_URL says ${used}`,
    'Make the two agree, unless a container maps one to the other.',
  );
}

function accountFile(content: unknown, _: Diagnosed, path: string): CheckResult | undefined {
  const { login, password } = (content ?? {}) as { login?: unknown; password?: unknown };
  if (typeof login === 'string' && typeof password === 'string') return undefined;
  return failed(`${path} has no login and password`, 'Run "cscli machines add --auto --force".');
}

export const configurationFiles: readonly Check[] = [
  file('config_yaml', 'config.yaml', ({ config }) => join(config.CROWDSEC_CONFIG_DIR, 'config.yaml'), {
    content: mainConfig,
  }),
  file('profiles_yaml', 'profiles.yaml', ({ config }) => join(config.CROWDSEC_CONFIG_DIR, 'profiles.yaml')),
  file('acquis_yaml', 'acquis.yaml', ({ config }) => join(config.CROWDSEC_CONFIG_DIR, 'acquis.yaml'), {
    isOptional: true,
  }),
  file('machine_credentials', 'Machine credentials', ({ config }) => credentialsPath(config), {
    isSecret: true,
    isOptional: true,
    content: accountFile,
  }),
  file('online_credentials', 'Central API credentials', ({ config }) => accountPath(config.CROWDSEC_CONFIG_DIR), {
    isSecret: true,
    isOptional: true,
  }),
  file('console_yaml', 'console.yaml', ({ config }) => join(config.CROWDSEC_CONFIG_DIR, 'console.yaml'), {
    isOptional: true,
  }),
];
