import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse, YAMLParseError } from 'yaml';
import { z } from 'zod';
import { Secret } from '../../bouncer/shared/runtime/secret.ts';
import type { Config } from '../config.ts';

export interface MachineCredentials {
  readonly id: string;
  readonly password: Secret;
}

export type CredentialsResult =
  | { readonly kind: 'ok'; readonly credentials: MachineCredentials }
  | { readonly kind: 'unreadable'; readonly message: string; readonly hint: string };

const fileSchema = z.object({ login: z.string().min(1), password: z.string().min(1) });

/** Read at each login, not at the start: the file may come later, and its password may be renewed. */
export async function machineCredentials(config: Config): Promise<CredentialsResult> {
  const { CROWDSEC_MACHINE_ID: id, CROWDSEC_MACHINE_PASSWORD: password } = config;
  if (id !== undefined && password !== undefined) return { kind: 'ok', credentials: { id, password } };
  const path = credentialsPath(config);
  try {
    const file = fileSchema.safeParse(parse(await readFile(path, 'utf8')));
    if (file.success) {
      return { kind: 'ok', credentials: { id: file.data.login, password: new Secret(file.data.password) } };
    }
    return unreadable(`${path} has no login and password`);
  } catch (error) {
    // A parser's message would quote the file, and with it the password.
    if (error instanceof YAMLParseError) return unreadable(`${path} is not valid YAML`);
    return unreadable(`${path} cannot be read (${(error as NodeJS.ErrnoException).code ?? 'unknown'})`);
  }
}

export function credentialsPath(config: Config): string {
  return config.CROWDSEC_MACHINE_CREDENTIALS ?? join(config.CROWDSEC_CONFIG_DIR, 'local_api_credentials.yaml');
}

function unreadable(message: string): CredentialsResult {
  const hint =
    'Make a machine account ("cscli machines add --auto -f FILE") and name its file in CROWDSEC_MACHINE_CREDENTIALS.';
  return { kind: 'unreadable', message, hint };
}
