/** How far a connection got before it failed. */
export type NetworkStage = 'dns' | 'tcp' | 'tls' | 'http' | 'timeout';

export interface NetworkFailure {
  readonly stage: NetworkStage;
  /** For people: what happened, without addresses of ours that they would have to look up. */
  readonly message: string;
}

const DNS_CODES = new Set(['ENOTFOUND', 'EAI_AGAIN', 'EAI_FAIL', 'ENODATA']);

const TCP_MESSAGES: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connection refused',
  ECONNRESET: 'the connection was reset',
  EHOSTUNREACH: 'no route to the host',
  ENETUNREACH: 'the network is unreachable',
  EPIPE: 'the connection was closed',
  ENOENT: 'the unix socket does not exist',
  EACCES: 'no permission to use the unix socket',
  UND_ERR_SOCKET: 'the connection was closed',
};

/** What Node's fetch, undici and its sockets throw, sorted by how far the connection got. */
export function describeNetworkError(error: unknown): NetworkFailure {
  const { code, name, message } = innermost(error);
  if (name === 'TimeoutError' || /^UND_ERR_(HEADERS|BODY)_TIMEOUT$/.test(code)) {
    return { stage: 'timeout', message: 'no answer within the time limit' };
  }
  if (code === 'UND_ERR_CONNECT_TIMEOUT' || code === 'ETIMEDOUT') {
    return { stage: 'timeout', message: 'no connection within the time limit' };
  }
  if (DNS_CODES.has(code)) return { stage: 'dns', message: `the name could not be resolved (${code})` };
  const tcp = TCP_MESSAGES[code];
  if (tcp !== undefined) return { stage: 'tcp', message: tcp };
  if (isTls(code, message)) return { stage: 'tls', message: `the TLS handshake failed: ${message}` };
  return { stage: 'http', message };
}

function isTls(code: string, message: string): boolean {
  return (
    /^(CERT_|ERR_TLS|ERR_SSL|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO_|EPROTO)/.test(code) ||
    /\bcertificate\b|SSL/.test(message)
  );
}

/** The first cause: fetch wraps undici, undici wraps the socket, and several addresses make an AggregateError. */
function innermost(error: unknown): { code: string; name: string; message: string } {
  let current = error;
  for (let depth = 0; depth < 8; depth++) {
    const inner: unknown =
      current instanceof AggregateError ? current.errors[0] : current instanceof Error ? current.cause : undefined;
    if (!(inner instanceof Error)) break;
    current = inner;
  }
  if (!(current instanceof Error)) return { code: '', name: '', message: String(current) };
  const { code } = current as NodeJS.ErrnoException;
  return { code: typeof code === 'string' ? code : '', name: current.name, message: current.message };
}
