/**
 * What a person can paste into a shell to do the same. The token never stands in it: it comes from the file that the
 * API made for it, or else from their environment.
 */
export function curlLine(
  origin: string,
  { method, path, body }: { readonly method: string; readonly path: string; readonly body?: unknown },
  tokenPath?: string,
): string {
  const token = tokenPath === undefined ? '$CONTROL_API_TOKEN' : `$(cat ${quoted(tokenPath)})`;
  const parts = ['curl'];
  if (method !== 'GET') parts.push(`-X ${method}`);
  parts.push(`-H "Authorization: Bearer ${token}"`);
  if (body !== undefined) parts.push(`-H 'content-type: application/json'`, `-d ${quoted(JSON.stringify(body))}`);
  parts.push(quoted(`${origin}${path}`));
  return parts.join(' ');
}

/** Single quotes keep everything from the shell but themselves. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
