import { useState } from 'preact/hooks';
import { useResource } from '../../api/resource.ts';
import type { HubItemsPage, HubPreset } from '../../api/wire-hub.ts';
import { Icon } from '../../parts/icon.tsx';
import { Note, ProblemNote } from '../../parts/note.tsx';
import { PageHead } from '../../parts/page-head.tsx';
import { counted } from '../../text/count.ts';
import { ago } from '../../text/time.ts';
import { HubDialog, type HubTask } from './hub-dialog.tsx';
import { HubItems } from './hub-items.tsx';
import { PresetCard } from './preset-card.tsx';

const UPGRADE: HubTask = {
  title: 'Upgrade what is installed',
  call: { method: 'POST', path: '/hub/upgrade' },
  verb: 'Upgrade',
};

const UPDATE: HubTask = {
  title: 'Fetch the newest index of the Hub',
  call: { method: 'POST', path: '/hub/update' },
  verb: 'Fetch',
  hasNoPreview: true,
};

export function HubPage() {
  const [task, setTask] = useState<HubTask | undefined>(undefined);
  const presets = useResource<{ presets: readonly HubPreset[] }>('/hub/presets', { kinds: ['hub'] });
  const index = useResource<HubItemsPage>('/hub/items?limit=1', { kinds: ['hub'] });
  const updates = index.data?.updates ?? 0;
  return (
    <>
      <PageHead
        title="Hub Presets"
        actions={
          <>
            <button class="button" type="button" onClick={() => setTask(UPDATE)}>
              <Icon name="refresh" />
              Fetch index
            </button>
            <button class="button primary" type="button" disabled={updates === 0} onClick={() => setTask(UPGRADE)}>
              {updates === 0 ? 'Everything is up to date' : `Upgrade ${counted(updates, 'item')}`}
            </button>
          </>
        }
      >
        What CrowdSec looks for in your logs.
        {index.data === undefined
          ? null
          : ` ${counted(index.data.installed, 'item')} installed; the index is from ${ago(Date.parse(index.data.index_updated_at), Date.now())}.`}
      </PageHead>
      <div class="stack">
        {presets.problem === undefined ? null : <ProblemNote problem={presets.problem} />}
        <ul class="presets">
          {(presets.data?.presets ?? []).map((preset) => (
            <PresetCard key={preset.id} preset={preset} onTask={setTask} />
          ))}
        </ul>
        <HubItems onTask={setTask} />
        <Note tone="idle">Your own files and items that somebody changed are never overwritten or removed here.</Note>
      </div>
      {task === undefined ? null : (
        <HubDialog
          task={task}
          onClose={() => setTask(undefined)}
          onDone={() => {
            void presets.reload();
            void index.reload();
          }}
        />
      )}
    </>
  );
}
