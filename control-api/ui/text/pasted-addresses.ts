/** Dots and colons as people write them so that nobody clicks: `1[.]2[.]3[.]4`, `1(dot)2`. */
const DEFANGED_DOT = /[[({]\s*(?:\.|dot)\s*[\])}]/gi;
const DEFANGED_COLON = /[[({]\s*(?::|colon)\s*[\])}]/gi;

/** What stands around an address in mails, logs and spreadsheets. */
const EDGES = /^[<>"'`(){}]+|[<>"'`(){}.]+$/g;

/**
 * The pieces of a pasted text that are meant to be addresses or ranges, each once, in their order. What is no address
 * is passed on as well: the API says so by its name, and nothing disappears silently.
 */
export function pastedAddresses(text: string): readonly string[] {
  const pieces = text
    .split('\n')
    .map((line) => line.replace(/(^|\s)(#|\/\/).*$/, '$1')) // comments of blocklists
    .join('\n')
    .replace(DEFANGED_DOT, '.')
    .replace(DEFANGED_COLON, ':')
    .split(/[\s,;|]+/)
    .map(withoutWrapping)
    .filter((piece) => piece !== '');
  return [...new Set(pieces)];
}

function withoutWrapping(piece: string): string {
  const bare = piece
    .replace(EDGES, '')
    .replace(/^h(?:tt|xx)ps?:\/\/([^/]*).*$/i, '$1')
    .replace(/^\[([0-9a-f:.]+)\](?::\d+)?$/i, '$1'); // [2001:db8::1]:443
  return bare.replace(/^(\d{1,3}(?:\.\d{1,3}){3}):\d{1,5}$/, '$1'); // 203.0.113.9:443
}
