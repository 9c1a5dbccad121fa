/**
 * Splits a command line into words as a shell would, and does nothing else that a shell does: no variables, no
 * patterns, no pipes. `docker exec 'my crowdsec' cscli` → `docker`, `exec`, `my crowdsec`, `cscli`
 * @returns undefined when a quote is left open or no word is there.
 */
export function commandWords(text: string): readonly string[] | undefined {
  const words = text.match(/(?:[^\s"']+|"[^"]*"|'[^']*')+/g) ?? [];
  const rest = text.replaceAll(/(?:[^\s"']+|"[^"]*"|'[^']*')+/g, '');
  if (words.length === 0 || rest.trim() !== '') return undefined;
  return words.map((word) =>
    word.replaceAll(/"([^"]*)"|'([^']*)'/g, (_, double?: string, single?: string) => double ?? single ?? ''),
  );
}
