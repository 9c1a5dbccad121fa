import { useId, useState } from 'preact/hooks';
import { ApiProblem, send } from '../../api/request.ts';
import type { Enrollment } from '../../api/wire.ts';
import { useAction } from '../../parts/action.ts';
import { CurlLine } from '../../parts/copy-line.tsx';
import { ProblemNote } from '../../parts/note.tsx';
import { tell } from '../../parts/toasts.tsx';

interface EnrollFormProps {
  readonly enrollment: Enrollment;
  readonly onDone: () => Promise<void>;
}

/** The key stays in this form and in the request: it is not kept, and the command below does not show it. */
export function EnrollForm({ enrollment, onDone }: EnrollFormProps) {
  const [keyId, nameId, tagsId] = [useId(), useId(), useId()];
  const [key, setKey] = useState('');
  const [name, setName] = useState('');
  const [tags, setTags] = useState('');
  const [isOverwriting, setOverwriting] = useState(false);
  const [problem, setProblem] = useState<ApiProblem | undefined>(undefined);
  const { isBusy, run } = useAction();
  const words = tags.split(/[\s,]+/).filter((tag) => tag !== '');
  const options = {
    ...(name.trim() === '' ? {} : { name: name.trim() }),
    ...(words.length === 0 ? {} : { tags: words }),
    ...(isOverwriting ? { overwrite: true } : {}),
  };
  const enroll = (event: SubmitEvent) => {
    event.preventDefault();
    run(async () => {
      setProblem(undefined);
      try {
        await send({ method: 'POST', path: '/console/enroll', body: { enrollment_key: key, ...options } });
        setKey('');
        tell('The Console has the request: accept it there');
      } catch (error) {
        if (!(error instanceof ApiProblem)) throw error;
        setProblem(error);
      }
      await onDone();
    });
  };
  const isUnderWay = isBusy || enrollment.state === 'enrolling';
  return (
    <form class="stack enroll-form" onSubmit={enroll}>
      <div class="field">
        <label for={keyId}>Enrollment key</label>
        <input
          id={keyId}
          class="input mono"
          autocomplete="off"
          spellcheck={false}
          required
          placeholder="clapi-… or the whole line: sudo cscli console enroll …"
          value={key}
          onInput={(event) => setKey(event.currentTarget.value)}
        />
      </div>
      <div class="grid-2">
        <div class="field">
          <label for={nameId}>Name in the Console (optional)</label>
          <input
            id={nameId}
            class="input"
            placeholder="web-1"
            maxLength={64}
            value={name}
            onInput={(event) => setName(event.currentTarget.value)}
          />
        </div>
        <div class="field">
          <label for={tagsId}>Tags (optional)</label>
          <input
            id={tagsId}
            class="input"
            placeholder="caddy, production"
            value={tags}
            onInput={(event) => setTags(event.currentTarget.value)}
          />
        </div>
      </div>
      {enrollment.reason === 'already_enrolled' ? (
        <label class="check-line">
          <input
            type="checkbox"
            checked={isOverwriting}
            onChange={(event) => setOverwriting(event.currentTarget.checked)}
          />
          Move this engine to the account of the new key
        </label>
      ) : null}
      {problem === undefined || enrollment.state === 'failed' ? null : <ProblemNote problem={problem} />}
      <div>
        <button class="button primary" type="submit" disabled={isUnderWay || key.trim() === ''}>
          {isUnderWay ? 'Enrolling' : 'Enroll'}
        </button>
      </div>
      <CurlLine call={{ method: 'POST', path: '/console/enroll', body: { enrollment_key: 'YOUR-KEY', ...options } }} />
    </form>
  );
}
