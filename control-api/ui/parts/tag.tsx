import type { ComponentChildren } from 'preact';
import type { Tone } from '../text/headline.ts';

export function Tag({ tone = 'idle', children }: { readonly tone?: Tone; readonly children: ComponentChildren }) {
  return (
    <span class="tag" data-tone={tone}>
      {children}
    </span>
  );
}
