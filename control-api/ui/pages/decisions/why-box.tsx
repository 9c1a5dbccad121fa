import { useId, useState } from 'preact/hooks';
import { pastedAddresses } from '../../text/pasted-addresses.ts';

export function WhyBox({ onAsk }: { readonly onAsk: (address: string) => void }) {
  const id = useId();
  const [text, setText] = useState('');
  const ask = (event: SubmitEvent) => {
    event.preventDefault();
    const [address] = pastedAddresses(text);
    if (address !== undefined) onAsk(address);
  };
  return (
    <form class="card why-box" onSubmit={ask}>
      <label for={id}>Why is this address blocked?</label>
      <input
        id={id}
        class="input mono"
        placeholder="203.0.113.9"
        value={text}
        maxLength={200}
        onInput={(event) => setText(event.currentTarget.value)}
      />
      <button class="button" type="submit">
        Find out
      </button>
    </form>
  );
}
