import { Link } from '../routing/link.tsx';
import { count } from '../text/count.ts';
import { plain } from '../text/plain.ts';

export interface Bar {
  readonly name: string;
  readonly value: number;
  readonly to?: string;
}

/** A list that happens to be a chart: read aloud it is names and numbers. */
export function Bars({ bars }: { readonly bars: readonly Bar[] }) {
  const most = Math.max(1, ...bars.map((bar) => bar.value));
  return (
    <ul class="bars">
      {bars.map(({ name, value, to }) => (
        <li key={name}>
          <span class="one-line foreign" title={plain(name)}>
            {to === undefined ? plain(name, 120) : <Link to={to}>{plain(name, 120)}</Link>}
          </span>
          <span class="number muted">{count(value)}</span>
          <svg aria-hidden="true" preserveAspectRatio="none" viewBox="0 0 100 1">
            <rect width={Math.max(1, (100 * value) / most)} height="1" />
          </svg>
        </li>
      ))}
    </ul>
  );
}
