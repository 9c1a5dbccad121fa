/** What a person can paste into a shell to do the same; the token comes from their environment, never from here. */
export function curlLine(
  origin: string,
  { method, path, body }: { readonly method: string; readonly path: string; readonly body?: unknown },
): string {
  const parts = ['curl'];
  if (method !== 'GET') parts.push(`-X ${method}`);
  parts.push('-H "Authorization: Bearer $CONTROL_API_TOKEN"');
  if (body !== undefined) parts.push(`-H 'content-type: application/json'`, `-d ${quoted(JSON.stringify(body))}`);
  parts.push(quoted(`${origin}${path}`));
  return parts.join(' ');
}

/** Single quotes keep everything from the shell but themselves. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
