import { choosePort } from '../servers/ports.ts';

/** The port of each part, and the environment variable that pins it; without one it is the last start's, or a free one. */
export const PORT_SETTINGS = {
  site: 'START_SITE_PORT',
  controlApi: 'START_CONTROL_API_PORT',
  bouncer: 'START_BOUNCER_PORT',
  lapi: 'START_LAPI_PORT',
  redis: 'START_REDIS_PORT',
} as const;

type Part = keyof typeof PORT_SETTINGS;
export type Ports = Readonly<Record<Part, number>>;

/** The address that people expect, when nothing else stands there. */
const PREFERRED: Partial<Ports> = { controlApi: 8080 };

type Environment = Readonly<Record<string, string | undefined>>;

/** Two parts must not get the same port: each is chosen after the earlier ones are known. */
export async function choosePorts(environment: Environment, last: Partial<Ports>): Promise<Ports> {
  const chosen: Partial<Record<Part, number>> = {};
  const parts = Object.keys(PORT_SETTINGS) as Part[];
  // What is given comes first, so that a free port is never one that another setting asks for.
  const isGiven = (part: Part) => (environment[PORT_SETTINGS[part]] ?? '') !== '';
  for (const part of [...parts.filter(isGiven), ...parts.filter((part) => !isGiven(part))]) {
    const setting = PORT_SETTINGS[part];
    const taken = new Set(Object.values(chosen));
    const wish = [last[part], PREFERRED[part]].find((port) => port !== undefined && !taken.has(port));
    let port = await choosePort(setting, environment[setting], wish);
    if (taken.has(port) && isGiven(part))
      throw new Error(`${setting}=${port}: another setting asks for the same port.`);
    while (taken.has(port)) port = await choosePort(setting, undefined);
    chosen[part] = port;
  }
  return chosen as Ports;
}

type NamedTexts = Record<string, string>;

/** What a daemon runs with: settings that the user gave to `npm start`, such as BAN_ACTION, under those of this stack. */
export function daemonEnvironment(
  options: Readonly<Record<string, unknown>>,
  environment: Environment,
  ours: NamedTexts,
): NamedTexts {
  const isOurs = (name: string) => name in ours || `${name}_FILE` in ours;
  const given = Object.keys(options)
    .filter((name) => !isOurs(name))
    .flatMap((name) => [name, `${name}_FILE`])
    .flatMap((name) => {
      const text = environment[name];
      return text === undefined || text === '' ? [] : [[name, text] as const];
    });
  return { ...Object.fromEntries(given), ...ours };
}
