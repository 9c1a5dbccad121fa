import type { Clock } from '../../bouncer/shared/runtime/clock.ts';
import type { Cscli } from './cscli.ts';

export interface CrowdsecVersion {
  /** As CrowdSec writes it: `v1.4.6-6~deb12u1+b1-debian`. */
  readonly text: string;
  readonly major: number;
  readonly minor: number;
}

/** Both forms: `2026/11/22 13:17:53 version: v1.4.6-…` on stderr, and `version: v1.7.8-…` on stdout. */
export function readCrowdsecVersion(output: string): CrowdsecVersion | undefined {
  const match = /(?:^|\s)version: (v?(\d+)\.(\d+)\.\S*)/m.exec(output);
  if (match === null) return undefined;
  return { text: match[1] ?? '', major: Number(match[2]), minor: Number(match[3]) };
}

/** 1.4 speaks the Central API's v2; everything that can still be installed anew speaks v3. */
export function speaksV2(version: Pick<CrowdsecVersion, 'major' | 'minor'> | undefined): boolean {
  return version?.major === 1 && version.minor <= 4;
}

/** After a failure it is asked again, but not at every request: starting it may be as heavy as `docker exec`. */
const AGAIN_AFTER_MS = 60_000;

/** Asked once: an upgrade of CrowdSec is followed by a restart of ours, or is minor. */
export function versionReader(cscli: Cscli, clock: Clock): () => Promise<CrowdsecVersion | undefined> {
  let asked: { readonly at: number; readonly answer: Promise<CrowdsecVersion | undefined> } | undefined;
  const ask = async () => {
    const result = await cscli.run(['version']);
    if (result.kind !== 'ok') return undefined;
    return readCrowdsecVersion(`${result.stdout}\n${result.messages.map((message) => message.text).join('\n')}`);
  };
  return async () => {
    const known = await asked?.answer;
    const now = clock.monotonic();
    if (known !== undefined || (asked !== undefined && now - asked.at < AGAIN_AFTER_MS)) return known;
    asked = { at: now, answer: ask() };
    return asked.answer;
  };
}
