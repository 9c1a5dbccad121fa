import type { HubPreset } from '../../api/wire-hub.ts';
import { Tag } from '../../parts/tag.tsx';
import { counted } from '../../text/count.ts';
import type { Tone } from '../../text/headline.ts';
import { plain } from '../../text/plain.ts';
import type { HubTask } from './hub-dialog.tsx';

const STATES: Readonly<Record<HubPreset['state'], { readonly tone: Tone; readonly word: string }>> = {
  installed: { tone: 'good', word: 'Installed' },
  partly_installed: { tone: 'warn', word: 'Partly installed' },
  not_installed: { tone: 'idle', word: 'Not installed' },
  unavailable: { tone: 'idle', word: 'Not in your index' },
};

interface PresetCardProps {
  readonly preset: HubPreset;
  readonly onTask: (task: HubTask) => void;
}

export function PresetCard({ preset: { id, title, description, state, items }, onTask }: PresetCardProps) {
  const { tone, word } = STATES[state];
  const path = `/hub/presets/${encodeURIComponent(id)}`;
  return (
    <li class="card preset">
      <div class="row spread">
        <h2>{title}</h2>
        <Tag tone={tone}>{word}</Tag>
      </div>
      <p>{plain(description)}</p>
      <div class="row spread">
        <span class="small muted" title={items.map(({ name }) => name).join(', ')}>
          {counted(items.length, 'Hub item')}
        </span>
        <div class="row">
          {state === 'installed' || state === 'partly_installed' ? (
            <button
              class="button small"
              type="button"
              aria-label={`Remove ${title}`}
              onClick={() => onTask({ title: `Remove ${title}`, call: { method: 'DELETE', path }, verb: 'Remove' })}
            >
              Remove
            </button>
          ) : null}
          {state === 'not_installed' || state === 'partly_installed' ? (
            <button
              class="button small primary"
              type="button"
              aria-label={`Install ${title}`}
              onClick={() => onTask({ title: `Install ${title}`, call: { method: 'POST', path }, verb: 'Install' })}
            >
              Install
            </button>
          ) : null}
        </div>
      </div>
    </li>
  );
}
