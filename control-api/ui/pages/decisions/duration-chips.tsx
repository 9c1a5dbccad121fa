import { useState } from 'preact/hooks';

const DURATIONS = [
  { title: '1 hour', value: '1h' },
  { title: '4 hours', value: '4h' },
  { title: '1 day', value: '1d' },
  { title: '7 days', value: '7d' },
  { title: '30 days', value: '30d' },
  { title: '1 year', value: '365d' },
] as const;

interface DurationChipsProps {
  readonly value: string;
  readonly onChange: (value: string) => void;
}

export function DurationChips({ value, onChange }: DurationChipsProps) {
  const [isOther, setOther] = useState(false);
  return (
    <fieldset class="field plain-set">
      <legend class="label">For how long</legend>
      <div class="chips">
        {DURATIONS.map((known) => (
          <button
            key={known.value}
            class="chip"
            type="button"
            aria-pressed={!isOther && value === known.value}
            onClick={() => {
              setOther(false);
              onChange(known.value);
            }}
          >
            {known.title}
          </button>
        ))}
        <button class="chip" type="button" aria-pressed={isOther} onClick={() => setOther(true)}>
          Other
        </button>
        {isOther ? (
          <input
            class="input short"
            aria-label="Duration, such as 90m or 2d12h"
            value={value}
            maxLength={32}
            onInput={(event) => onChange(event.currentTarget.value.trim())}
          />
        ) : null}
      </div>
    </fieldset>
  );
}
