import { useState } from 'preact/hooks';
import type { Caddy, SitePolicy } from '../../api/wire.ts';
import { CopyLine } from '../../parts/copy-line.tsx';
import { Note } from '../../parts/note.tsx';
import { Tag } from '../../parts/tag.tsx';
import { plain } from '../../text/plain.ts';

const TONES = { enforce: 'good', monitor: 'watch', off: 'idle' } as const;

/** Policies that the Caddyfile itself sets, and the line that sets one. */
export function SitesCard({ caddies }: { readonly caddies: readonly Caddy[] }) {
  const sites = caddies.flatMap((caddy) => caddy.sites);
  const refused = caddies.flatMap((caddy) => caddy.refused);
  const warnings = [...new Set(caddies.flatMap((caddy) => caddy.warnings))];
  return (
    <section class="card stack" aria-labelledby="sites">
      <div>
        <h2 id="sites">Sites with rules of their own</h2>
        <p class="muted">They live in your Caddyfile, beside the site that they are for. This page only reads them.</p>
      </div>
      {sites.length === 0 ? <p>Every site follows the choice above.</p> : <SiteTable sites={sites} />}
      {refused.map(({ where, reason, hint }) => (
        <Note tone="warn" key={`${where} ${reason}`}>
          <p>
            <strong>Not honoured: {plain(where)}</strong>
          </p>
          <p>{plain(reason)}</p>
          <p class="muted">{plain(hint)}</p>
        </Note>
      ))}
      {warnings.map((warning) => (
        <Note tone="warn" key={warning}>
          {plain(warning)}
        </Note>
      ))}
      <AnnotationLine />
    </section>
  );
}

function SiteTable({ sites }: { readonly sites: readonly SitePolicy[] }) {
  return (
    <div class="table-frame" tabIndex={0} role="region" aria-label="Policies of sites">
      <table class="table free">
        <thead>
          <tr>
            <th scope="col">Site</th>
            <th scope="col">Path</th>
            <th scope="col">Policy</th>
          </tr>
        </thead>
        <tbody>
          {sites.map(({ server, hosts, paths, policy }) => (
            <tr key={`${server} ${hosts.join()} ${paths.join()} ${policy}`}>
              <td class="mono foreign">{plain(hosts.join(', ')) || 'any host'}</td>
              <td class="mono foreign">{plain(paths.join(', ')) || 'everything'}</td>
              <td>
                <Tag tone={TONES[policy]}>{policy}</Tag>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

const CHOICES = ['monitor', 'enforce', 'off'] as const;

/** `vars crowdsec …` in a site block; with a path, for that path alone. */
function AnnotationLine() {
  const [policy, setPolicy] = useState<(typeof CHOICES)[number]>('monitor');
  const [path, setPath] = useState('');
  const shown = path.trim().replace(/[^\w/*.~%-]/g, '');
  const matcher = shown === '' ? '' : `${shown.startsWith('/') ? shown : `/${shown}`} `;
  return (
    <div class="stack annotation">
      <div class="row">
        <label class="check-line">
          Policy
          <select
            class="select"
            value={policy}
            onChange={(event) => setPolicy(CHOICES.find((known) => known === event.currentTarget.value) ?? 'monitor')}
          >
            {CHOICES.map((known) => (
              <option key={known}>{known}</option>
            ))}
          </select>
        </label>
        <label class="check-line">
          Path
          <input
            class="input"
            placeholder="whole site, or /hook/*"
            value={path}
            onInput={(event) => setPath(event.currentTarget.value)}
          />
        </label>
      </div>
      <CopyLine text={`vars ${matcher}crowdsec ${policy}`} what="the Caddyfile line" />
      <p class="small muted">Put it into the site’s block and reload Caddy. It is followed within a second.</p>
    </div>
  );
}
