/** What people ask before they enroll, answered before they ask. */
export function SharedData() {
  return (
    <section class="card" aria-labelledby="shared-data">
      <h2 id="shared-data">What is shared, and what it costs</h2>
      <div class="grid-2 shared-data">
        <div>
          <h3>Shared with CrowdSec</h3>
          <p class="muted">
            The address, scenario and time of each alert, the names of installed Hub items, and the version of CrowdSec.
            Not your logs, not the content of requests, and nothing of your Caddy.
          </p>
        </div>
        <div>
          <h3>The free plan</h3>
          <p class="muted">
            One user, 500 alerts a month, two months of history. Bans, unbans, allowlists and the list of live decisions
            stay here, and are free without it.
          </p>
        </div>
      </div>
    </section>
  );
}
