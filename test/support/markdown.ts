import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { projectRoot } from '../../scripts/servers/project-root.ts';

interface Block {
  readonly language: string;
  /** What stands behind the language: `before`, for what belongs to another program. */
  readonly note: string | undefined;
  readonly text: string;
  readonly line: number;
}

export interface Page {
  /** From the repository's root. */
  readonly path: string;
  readonly blocks: readonly Block[];
  readonly links: readonly string[];
  /** `code` within sentences. */
  readonly spans: readonly string[];
  readonly anchors: ReadonlySet<string>;
}

const SKIPPED = new Set(['node_modules', 'dist', 'coverage']);

/** Every page of documentation in the repository. */
export function pages(folder = ''): readonly Page[] {
  return readdirSync(join(projectRoot, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return entry.name.startsWith('.') || SKIPPED.has(entry.name) ? [] : pages(path);
    return entry.name.endsWith('.md') ? [readPage(path)] : [];
  });
}

function readPage(path: string): Page {
  const text = readFileSync(join(projectRoot, path), 'utf8');
  const blocks: Block[] = [];
  const prose = text.replace(
    /^( *)```(\w*)(?: (\w+))?\n([\s\S]*?)^ *```$/gm,
    (whole, indent: string, language: string, note: string | undefined, body: string, at: number) => {
      const line = text.slice(0, at).split('\n').length;
      blocks.push({ language, note, text: body.replaceAll(new RegExp(`^${indent}`, 'gm'), ''), line });
      return whole.replaceAll(/[^\n]/g, '');
    },
  );
  const all = (pattern: RegExp) => [...prose.matchAll(pattern)].map(([, found = '']) => found);
  return {
    path,
    blocks,
    links: all(/\]\(([^)\s]+)\)/g),
    spans: all(/`([^`\n]+)`/g),
    anchors: new Set(all(/^#+ (.+)$/gm).map(anchorOf)),
  };
}

/** As GitHub makes them. */
function anchorOf(heading: string): string {
  return heading
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
    .replaceAll(' ', '-');
}

/** One command of a shell block: pipes and comments apart, `sudo` and variables before it left out; not a mere `x=1`. */
export interface Command {
  readonly words: readonly string[];
  /** As it is written, to be run by a shell. */
  readonly text: string;
  readonly from: string;
}

export function commandsOf({ path, blocks }: Page): readonly Command[] {
  const shell = blocks.filter(({ language }) => language === 'sh' || language === 'bash');
  return shell.flatMap(({ text, line }) =>
    text
      .split('\n')
      .map((raw) => raw.replace(/(^|\s)#.*$/, '').trim())
      .filter((raw) => raw !== '')
      .flatMap((raw) => raw.split(/ \| | && /))
      .map((raw) => ({ words: wordsOf(raw), text: raw, from: `${path}:${line}: ${raw}` }))
      .filter(({ words }) => words.length > 0),
  );
}

function wordsOf(text: string): string[] {
  const words = [...text.matchAll(/(?:"[^"]*"|'[^']*'|\$\([^)]*\)|[^\s"'])+/g)].map(([word]) => word);
  const first = words.findIndex((word) => word !== 'sudo' && !/^\w+=/.test(word));
  return first < 0 ? [] : words.slice(first);
}
