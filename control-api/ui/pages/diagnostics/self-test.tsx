import { useState } from 'preact/hooks';
import { CopyLine } from '../../parts/copy-line.tsx';

/** CrowdSec's own harmless request: its scenario raises an alert, and bans nobody. */
const PROBE_PATH = '/crowdsec-test-NtktlJHV4TfBSK3wvlhiOBnl';

export function SelfTest() {
  const [site, setSite] = useState('https://your-site.example');
  const url = `${site.trim().replace(/\/+$/, '').replaceAll("'", '')}${PROBE_PATH}`;
  return (
    <details class="card bare-disclosure">
      <summary>
        <strong>Test the whole way, harmlessly</strong>
      </summary>
      <div class="stack self-test">
        <p class="muted">
          CrowdSec knows this path and raises an alert named <code>crowdsecurity/http-generic-test</code> without
          banning anybody. Send it from another network: addresses of private ranges never raise alerts. After one alert
          the same address has to wait five minutes for the next.
        </p>
        <label class="field">
          <span class="label">Your site</span>
          <input class="input mono" value={site} onInput={(event) => setSite(event.currentTarget.value)} />
        </label>
        <CopyLine text={`curl -I '${url}'`} what="the test command" />
        <p class="small muted">The alert appears under Alerts within a minute. It does not when the log is not read.</p>
      </div>
    </details>
  );
}
