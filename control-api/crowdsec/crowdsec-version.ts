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

/** Asked once, and again after a failure: an upgrade of CrowdSec is followed by a restart of ours, or is minor. */
export function versionReader(cscli: Cscli): () => Promise<CrowdsecVersion | undefined> {
  let known: CrowdsecVersion | undefined;
  return async () => {
    if (known !== undefined) return known;
    const result = await cscli.run(['version']);
    if (result.kind !== 'ok') return undefined;
    known = readCrowdsecVersion(`${result.stdout}\n${result.messages.map((message) => message.text).join('\n')}`);
    return known;
  };
}
