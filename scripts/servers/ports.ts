import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';

/** Below those that outgoing connections get (Linux: 32768 and up): a server that starts again finds its port free. */
const LOWEST = 10_240;
const HIGHEST = 32_767;
const TRIES = 100;

/**
 * A port is chosen seconds before its server listens. So one process chooses none twice, and of processes that choose
 * at the same time each may have ports of its own: those that leave the remainder PORT_SHARE when divided by this.
 */
const SHARES = 8;
const chosen = new Set<number>();

/** A port that nobody listened on a moment ago, on 127.0.0.1. */
export async function freePort(): Promise<number> {
  const share = Number(process.env['PORT_SHARE'] ?? 0) % SHARES;
  for (let tries = 0; tries < TRIES; tries++) {
    const port = randomInt(LOWEST / SHARES, (HIGHEST + 1) / SHARES) * SHARES + share;
    if (chosen.has(port) || !(await isFree(port))) continue;
    chosen.add(port);
    return port;
  }
  return listenOnce(0);
}

/**
 * The port that a setting asks for, when it is free; without one, the preferred port or any free one.
 * A taken port is an error that names the setting, before any server fails with a message of its own.
 */
export async function choosePort(setting: string, wanted: string | undefined, preferred?: number): Promise<number> {
  if (wanted !== undefined && wanted !== '') return givenPort(setting, wanted);
  if (preferred !== undefined && (await isFree(preferred))) return preferred;
  return freePort();
}

async function givenPort(setting: string, wanted: string): Promise<number> {
  const port = Number(wanted);
  if (!/^\d+$/.test(wanted) || port < 1 || port > 65_535) {
    throw new Error(`${setting}=${wanted} is no port. Give a number from 1 to 65535, or leave it out for a free one.`);
  }
  try {
    return await listenOnce(port);
  } catch (cause) {
    const reason = (cause as NodeJS.ErrnoException).code === 'EACCES' ? 'needs root' : 'is taken by another program';
    throw new Error(
      `${setting}=${port}: the port ${reason}. Give another one, or leave ${setting} out for a free one.`,
      {
        cause,
      },
    );
  }
}

async function isFree(port: number): Promise<boolean> {
  return listenOnce(port).then(
    () => true,
    () => false,
  );
}

function listenOnce(port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen({ port, host: '127.0.0.1', exclusive: true }, () => {
      const address = server.address();
      const chosen = typeof address === 'object' && address !== null ? address.port : port;
      server.close(() => resolve(chosen));
    });
  });
}
