/**
 * A signal that is aborted with the first of these, until it is released. It stands in for `AbortSignal.any`, for which
 * a signal that lives as long as the process keeps a note of each call for ever (Node 20): some hundred bytes a pull.
 */
export function linkedAbort(...sources: readonly AbortSignal[]): { readonly signal: AbortSignal; release(): void } {
  const controller = new AbortController();
  const unlink = sources.map((source) => {
    const abort = () => controller.abort(source.reason);
    if (source.aborted) abort();
    source.addEventListener('abort', abort);
    return () => source.removeEventListener('abort', abort);
  });
  return { signal: controller.signal, release: () => unlink.forEach((one) => one()) };
}
