import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse, YAMLParseError } from 'yaml';
import { z } from 'zod';
import { Secret } from '../../bouncer/shared/runtime/secret.ts';
import { readCrowdsecConfig } from './crowdsec-config.ts';

export interface CentralApiAccount {
  readonly url: string;
  readonly login: string;
  readonly password: Secret;
}

export type AccountResult =
  | { readonly kind: 'ok'; readonly account: CentralApiAccount }
  /** CrowdSec has never registered, or the file is Debian's empty one. */
  | { readonly kind: 'not_registered'; readonly message: string }
  | { readonly kind: 'unreadable'; readonly message: string };

export const CENTRAL_API_URL = 'https://api.crowdsec.net/';

const accountSchema = z.object({
  url: z.string().default(CENTRAL_API_URL),
  login: z.string().min(1),
  password: z.string().min(1),
});

/** Where `cscli capi register` writes it: a new account over the old one, and the old one's enrollment is lost. */
export async function accountPath(configDir: string): Promise<string> {
  const { onlineCredentials } = await readCrowdsecConfig(configDir);
  return onlineCredentials ?? join(configDir, 'online_api_credentials.yaml');
}

/** CrowdSec's own account at the Central API, as `cscli capi register` writes it. Read each time: it may come later. */
export async function readAccount(configDir: string): Promise<AccountResult> {
  const path = await accountPath(configDir);
  try {
    const content: unknown = parse(await readFile(path, 'utf8'));
    const account = accountSchema.safeParse(content);
    if (!account.success) return { kind: 'not_registered', message: `${path} holds no account` };
    const { url, login, password } = account.data;
    if (!URL.canParse(url)) return { kind: 'unreadable', message: `${path}: its url is not a URL` };
    return { kind: 'ok', account: { url: url.endsWith('/') ? url : `${url}/`, login, password: new Secret(password) } };
  } catch (error) {
    if (error instanceof YAMLParseError) return { kind: 'unreadable', message: `${path} is not valid YAML` };
    const code = (error as NodeJS.ErrnoException).code ?? 'unknown';
    if (code === 'ENOENT') return { kind: 'not_registered', message: `${path} does not exist` };
    return { kind: 'unreadable', message: `${path} cannot be read (${code})` };
  }
}
