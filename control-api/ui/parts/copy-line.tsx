import { useState } from 'preact/hooks';
import { BASE, type Call } from '../api/request.ts';
import { session } from '../api/session.ts';
import { useStore } from '../store.ts';
import { curlLine } from '../text/curl.ts';
import { Icon } from './icon.tsx';

const SHOWN_MS = 1_500;

/** A line to take along; on plain HTTP off loopback browsers have no clipboard, and the line is there to be marked. */
export function CopyLine({ text, what }: { readonly text: string; readonly what: string }) {
  const [isCopied, setCopied] = useState(false);
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(text);
      setCopied(true);
      setTimeout(() => setCopied(false), SHOWN_MS);
    } catch {
      setCopied(false);
    }
  };
  return (
    <div class="code-line">
      <pre>{text}</pre>
      <button class="button plain small" type="button" onClick={() => void copy()} aria-label={`Copy ${what}`}>
        <Icon name={isCopied ? 'check' : 'copy'} />
        {isCopied ? 'Copied' : 'Copy'}
      </button>
    </div>
  );
}

interface CurlLineProps {
  readonly call: Call;
  readonly title?: string;
  readonly onToggle?: (isOpen: boolean) => void;
}

/** The same without this page: every action has one. */
export function CurlLine({ call, title = 'As a command', onToggle }: CurlLineProps) {
  const tokenPath = useStore(session)?.token_path;
  const line = curlLine(location.origin, { ...call, path: `${BASE}${call.path}` }, tokenPath);
  return (
    <details class="curl" onToggle={(event) => onToggle?.(event.currentTarget.open)}>
      <summary>{title}</summary>
      <CopyLine text={line} what="the curl command" />
    </details>
  );
}
