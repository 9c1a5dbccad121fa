import { join } from 'node:path';
import { stringify } from 'yaml';

/** Where a CrowdSec of our own keeps what: one folder, nothing of the system's. */
export interface CrowdsecFolders {
  readonly root: string;
  readonly config: string;
  readonly etc: string;
  readonly data: string;
  readonly hub: string;
  readonly plugins: string;
  readonly notifications: string;
  readonly credentials: string;
}

/** Whom LAPI tells about new alerts, so that a bouncer need not wait for its next poll. */
export interface Push {
  readonly url: string;
  readonly token: string;
}

export function crowdsecFolders(root: string): CrowdsecFolders {
  const etc = join(root, 'etc');
  return {
    root,
    etc,
    config: join(etc, 'config.yaml'),
    data: join(root, 'data'),
    hub: join(root, 'hub'),
    plugins: join(root, 'plugins'),
    notifications: join(etc, 'notifications'),
    credentials: join(etc, 'local_api_credentials.yaml'),
  };
}

export const PUSH_NAME = 'caddy_sidecar_push';

export interface ConfigOptions {
  readonly folders: CrowdsecFolders;
  readonly listen: string;
  readonly push: boolean;
  /** As root the plugin must run as somebody else; an ordinary user cannot become anybody, so it stays itself. */
  readonly asRoot: boolean;
  /** Whether it may get an account at the Central API; it makes one only when somebody enrolls it. */
  readonly canEnroll?: boolean;
}

export function accountFile({ etc }: CrowdsecFolders): string {
  return join(etc, 'online_api_credentials.yaml');
}

export function crowdsecConfig({ folders, listen, push, asRoot, canEnroll }: ConfigOptions): string {
  return stringify({
    // `daemonize: true` stays in the foreground here, and survives SIGHUP; with `false` 1.4.6 dies on it.
    common: { daemonize: true, log_media: 'stdout', log_level: 'info', working_dir: '.' },
    config_paths: {
      config_dir: `${folders.etc}/`,
      data_dir: `${folders.data}/`,
      simulation_path: join(folders.etc, 'simulation.yaml'),
      hub_dir: `${folders.hub}/`,
      index_path: join(folders.hub, '.index.json'),
      notification_dir: `${folders.notifications}/`,
      plugin_dir: `${folders.plugins}/`,
    },
    // With a branch given, cscli asks nobody on the internet which one to use.
    cscli: { output: 'human', color: 'no', hub_branch: 'master' },
    db_config: { type: 'sqlite', db_path: join(folders.data, 'crowdsec.db'), use_wal: true },
    api: {
      client: { credentials_path: folders.credentials },
      server: {
        listen_uri: listen,
        profiles_path: join(folders.etc, 'profiles.yaml'),
        console_path: join(folders.etc, 'console.yaml'),
        ...(canEnroll === true ? { online_client: { credentials_path: accountFile(folders) } } : {}),
      },
    },
    ...(push ? { plugin_config: asRoot ? { user: 'nobody', group: 'nogroup' } : { user: '', group: '' } } : {}),
    prometheus: { enabled: false },
  });
}

/** The package's default profile, and with a push a last one that catches every alert: manual bans match no other. */
export function profiles(push: boolean): string {
  const notifications = push ? { notifications: [PUSH_NAME] } : {};
  const remediation = {
    name: 'default_ip_remediation',
    filters: ['Alert.Remediation == true && Alert.GetScope() == "Ip"'],
    decisions: [{ type: 'ban', duration: '4h' }],
    ...notifications,
    on_success: 'break',
  };
  const catchAll = { name: 'tell_the_bouncer', filters: ['true'], ...notifications, on_success: 'break' };
  return [remediation, ...(push ? [catchAll] : [])].map((profile) => stringify(profile)).join('---\n');
}

/** The body is short on purpose: a large import would exceed what the plugin can carry. */
export function pushNotification(push: Push): string {
  return stringify({
    type: 'http',
    name: PUSH_NAME,
    log_level: 'warn',
    group_wait: '10ms',
    format: '{"alerts":{{len .}}}\n',
    url: push.url,
    method: 'POST',
    headers: { Authorization: `Bearer ${push.token}`, 'Content-Type': 'application/json' },
  });
}
