/** Where Caddy's admin API listens. */
export type AdminAddress =
  | { readonly kind: 'tcp'; readonly text: string; readonly origin: string }
  | { readonly kind: 'unix'; readonly text: string; readonly path: string };

export type ParsedAdminAddress =
  { readonly kind: 'address'; readonly address: AdminAddress } | { readonly kind: 'invalid'; readonly message: string };

const EXAMPLES = 'write it as http://127.0.0.1:2019 or unix//run/caddy/admin.sock';

/** Reads one address of `CADDY_ADMIN`, as URLs and as Caddy itself write them; the default port is Caddy's, 2019. */
export function parseAdminAddress(text: string): ParsedAdminAddress {
  const trimmed = text.trim();
  const socket = /^unix(?::\/\/|\/)(.*)$/.exec(trimmed)?.[1];
  return socket === undefined ? parseTcp(trimmed) : parseUnix(trimmed, socket);
}

function parseUnix(text: string, path: string): ParsedAdminAddress {
  if (!path.startsWith('/')) return invalid(text, 'the path of a unix socket must be absolute');
  if (/\|[0-7]+$/.test(path)) {
    return invalid(text, 'the file mode after | belongs in the Caddyfile only; name the socket without it');
  }
  return { kind: 'address', address: { kind: 'unix', text, path } };
}

function parseTcp(text: string): ParsedAdminAddress {
  const spelled = /^[a-z]+:\/\//i.test(text) ? text : `http://${text.replace(/^tcp\//, '')}`;
  if (!URL.canParse(spelled)) return invalid(text, 'it is no address');
  const url = new URL(spelled);
  if (url.protocol !== 'http:')
    return invalid(text, `"${url.protocol}" is not spoken here, only http and unix sockets`);
  // Never repeat what may be a password.
  if (url.username !== '' || url.password !== '') {
    return { kind: 'invalid', message: `a Caddy admin address takes no user name or password; ${EXAMPLES}` };
  }
  if (url.pathname !== '/' || url.search !== '' || url.hash !== '') return invalid(text, 'it must end after the port');
  const port = explicitPort(text) ?? '2019';
  return { kind: 'address', address: { kind: 'tcp', text, origin: `http://${url.hostname}:${port}` } };
}

/** The port as written: `URL` drops `:80`, which would then be taken for the default. */
function explicitPort(text: string): string | undefined {
  return /:(\d{1,5})\/?$/.exec(text)?.[1];
}

function invalid(text: string, why: string): ParsedAdminAddress {
  return { kind: 'invalid', message: `"${text}" cannot be a Caddy admin address: ${why}; ${EXAMPLES}` };
}
