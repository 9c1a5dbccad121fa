/** A value of a Caddyfile that stands elsewhere. */
export type Written =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'variable'; readonly name: string }
  | { readonly kind: 'file'; readonly path: string }
  /** A text with a placeholder in it, or a placeholder that we do not know. */
  | { readonly kind: 'composed' };

/** `{$NAME}`, `{$NAME:default}` and `{env.NAME}`: the environment of Caddy; `{file./path}`: the text of a file. */
export function readWritten(text: string): Written {
  const variable = /^\{\$(\w+)(?::[^}]*)?\}$/.exec(text)?.[1] ?? /^\{env\.(\w+)\}$/.exec(text)?.[1];
  if (variable !== undefined) return { kind: 'variable', name: variable };
  const path = /^\{file\.(.+)\}$/.exec(text)?.[1];
  if (path !== undefined) return { kind: 'file', path };
  return /\{[^}]+\}/.test(text) ? { kind: 'composed' } : { kind: 'text', text };
}
