import { readFileSync } from 'node:fs';

interface Instruction {
  readonly word: string;
  readonly rest: string;
}

interface Copy {
  readonly from: string | undefined;
  readonly sources: readonly string[];
  readonly to: string;
}

export interface Stage {
  readonly name: string;
  readonly base: string;
  readonly instructions: readonly Instruction[];
  readonly copies: readonly Copy[];
}

/** As much of a Dockerfile as ours uses: comments, continued lines, one instruction a line. */
export function readDockerfile(path: string): readonly Stage[] {
  const lines = readFileSync(path, 'utf8').replace(/^#.*$/gm, '').replace(/\\\n/g, ' ').split('\n');
  const instructions = lines.flatMap((line) => {
    const match = /^\s*([A-Z]+)\s+(.*?)\s*$/.exec(line);
    return match === null ? [] : [{ word: match[1] ?? '', rest: (match[2] ?? '').replace(/\s+/g, ' ') }];
  });
  const starts = instructions.flatMap(({ word }, i) => (word === 'FROM' ? [i] : []));
  return starts.map((start, i) => {
    const [, base = '', name = ''] = /^(\S+) AS (\S+)$/.exec(instructions[start]?.rest ?? '') ?? [];
    const own = instructions.slice(start + 1, starts[i + 1]);
    return { name, base, instructions: own, copies: own.filter(({ word }) => word === 'COPY').map(readCopy) };
  });
}

function readCopy({ rest }: Instruction): Copy {
  const words = rest.split(' ');
  const from = /^--from=(.+)$/.exec(words[0] ?? '')?.[1];
  const paths = from === undefined ? words : words.slice(1);
  return { from, sources: paths.slice(0, -1), to: paths.at(-1) ?? '' };
}
