export interface CscliMessage {
  readonly level: string;
  readonly text: string;
}

/** A log line's longest part that is read; the rest helps nobody. */
const LONGEST = 2_000;

/**
 * What cscli said, in each of the three forms that it has had: `time="…" level=fatal msg="…"` (1.4.6, human),
 * `{"level":"fatal","msg":"…"}` (1.4.6, json) and `Error: cscli hub update: …` (current). Other lines are kept
 * with the level `print`.
 */
export function cscliMessages(output: string): CscliMessage[] {
  return output
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')
    .map(readLine);
}

function readLine(line: string): CscliMessage {
  const short = line.slice(0, LONGEST);
  return readLogfmt(short) ?? readJson(short) ?? readError(short) ?? { level: 'print', text: short };
}

function readLogfmt(line: string): CscliMessage | undefined {
  const match = /^(?:time="[^"]*" )?level=(\w+) msg=(?:"((?:[^"\\]|\\.)*)"?|(\S+))/.exec(line);
  if (match === null) return undefined;
  const [, level = '', quoted, bare = ''] = match;
  return { level, text: quoted === undefined ? bare : unquoted(quoted).trim() };
}

/** Go's `%q` escapes quotes, backslashes, and what a line of text has no use for: line breaks, tabs, `\x1b`, `\u200b`. */
function unquoted(text: string): string {
  return text.replaceAll(/\\(?:(["\\])|x[\da-f]{2}|u[\da-f]{4}|U[\da-f]{8}|.)/g, (_, plain?: string) => plain ?? ' ');
}

function readJson(line: string): CscliMessage | undefined {
  if (!line.startsWith('{')) return undefined;
  try {
    const { level, msg } = JSON.parse(line) as { level?: unknown; msg?: unknown };
    return typeof level === 'string' && typeof msg === 'string'
      ? { level, text: msg.replaceAll(/\p{Cc}/gu, ' ').trim() }
      : undefined;
  } catch {
    return undefined;
  }
}

function readError(line: string): CscliMessage | undefined {
  const text = /^Error: (?:cscli(?: [\w-]+)*: )?(.*)$/.exec(line)?.[1];
  return text === undefined ? undefined : { level: 'fatal', text };
}

/** The line that says why it failed: the last fatal one, else the last error, else the last of all. */
export function failureText(messages: readonly CscliMessage[]): string {
  const last = (level: string) => messages.findLast((message) => message.level === level)?.text;
  return last('fatal') ?? last('error') ?? messages.at(-1)?.text ?? 'it gave no reason';
}
