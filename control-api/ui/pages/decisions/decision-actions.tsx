import { linkTo } from '../../api/request.ts';
import { whenSignedIn } from '../../api/session.ts';
import { Icon } from '../../parts/icon.tsx';

/** Export honours the same filters as the list. */
export function DecisionActions({ filter, onBan }: { readonly filter: string; readonly onBan: () => void }) {
  // The form asks the API while it is filled in: the token first.
  const ban = async () => {
    if (await whenSignedIn()) onBan();
  };
  return (
    <>
      {(['csv', 'json'] as const).map((format) => (
        <a
          key={format}
          class="button"
          href={linkTo(`/decisions/export?${filter}&format=${format}`)}
          download={`decisions.${format}`}
        >
          <Icon name="download" />
          {format.toUpperCase()}
        </a>
      ))}
      <button class="button primary" type="button" onClick={() => void ban()}>
        <Icon name="plus" />
        Ban addresses
      </button>
    </>
  );
}
