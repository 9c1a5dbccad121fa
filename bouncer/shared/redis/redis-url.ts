/** `redis+sentinel://[user:password@]host:port,host:port/master/db`; a Sentinel's own port is 26379. */
const SENTINELS = /^redis\+sentinel:\/\/(?:([^@/]*)@)?([^@/]+)\/([^/]+)(?:\/(\d+))?$/;
const SENTINEL_PORT = 26_379;
/** `host`, `host:port` or `[2001:db8::1]:port`. */
const HOST = /^(\[[0-9a-fA-F:]+\]|[^:[\]]+)(?::(\d{1,5}))?$/;

/** In ioredis' words. */
interface SentinelTarget {
  readonly sentinels: { host: string; port: number }[];
  /** Of the master, as the Sentinels know it. */
  readonly name: string;
  readonly db: number;
  readonly username?: string;
  readonly password?: string;
}

/** @returns why this is no address of a Redis; undefined when it is one. */
export function redisUrlProblem(url: string): string | undefined {
  if (/^rediss?\+cluster:/.test(url))
    return 'a Redis Cluster keeps keys apart that are changed together here; give a single Redis, or Sentinels (redis+sentinel://host:26379,host:26379/master/0)';
  const isUrl = /^unix:\/\/\/./.test(url) || (/^rediss?:\/\/./.test(url) && URL.canParse(url));
  if (isUrl || sentinelsOf(url) !== undefined) return undefined;
  return 'this is not redis://host:port/db, rediss://…, redis+sentinel://host:port,host:port/master/db, unix:///path/to.sock or (for a bouncer alone) none';
}

/** What ioredis takes as options only; undefined for a URL that it reads itself. */
export function sentinelsOf(url: string): SentinelTarget | undefined {
  const [, login = '', hosts = '', name = '', db = '0'] = SENTINELS.exec(url) ?? [];
  if (name === '') return undefined;
  const sentinels = hosts.split(',').flatMap((host) => sentinelOf(host) ?? []);
  if (sentinels.length !== hosts.split(',').length) return undefined;
  const [username = '', password = ''] = login.split(/:(.*)/s).map((part) => decodeURIComponent(part));
  return {
    sentinels,
    name,
    db: Number(db),
    ...(username === '' ? {} : { username }),
    ...(password === '' ? {} : { password }),
  };
}

function sentinelOf(text: string): { host: string; port: number } | undefined {
  const [, host, port] = HOST.exec(text) ?? [];
  return host === undefined ? undefined : { host: host.replace(/^\[|\]$/g, ''), port: Number(port ?? SENTINEL_PORT) };
}
