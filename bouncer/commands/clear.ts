import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { parseAdminAddress } from '../../caddy/admin-address.ts';
import { CaddyAdmin } from '../../caddy/admin-client.ts';
import { CaddyRound, type RoundOutcome } from '../enforce/caddy-round.ts';
import { laneFolderName } from '../enforce/lane-folder.ts';
import type { ConfigInput } from '../load-config.ts';
import { systemClock } from '../shared/runtime/clock.ts';
import { EXIT_FAILED, print, printError, withConfig } from './output.ts';

/** Takes our rules out of every Caddy; for those who leave, and after a Caddy resumed rules that nobody looks after. */
export function clear(input: ConfigInput): Promise<number> {
  return withConfig(input, async (config) => {
    const results = await Promise.all(config.CADDY_ADMIN.map(clearOne));
    // Only now: while rules still ask the lane, an entry that goes would let somebody through.
    if (config.LANE_DIR !== undefined && results.every((isClear) => isClear))
      clearLanes(config.LANE_DIR, config.CADDY_ADMIN);
    return results.every((isClear) => isClear) ? 0 : EXIT_FAILED;
  });
}

function clearLanes(root: string, admins: readonly string[]): void {
  for (const admin of admins) rmSync(join(root, laneFolderName(admin)), { recursive: true, force: true });
  print(`The lanes in ${root} are removed.`);
}

async function clearOne(admin: string): Promise<boolean> {
  const parsed = parseAdminAddress(admin);
  if (parsed.kind === 'invalid') {
    printError(`CADDY_ADMIN: ${parsed.message}`);
    return false;
  }
  const round = new CaddyRound(new CaddyAdmin(parsed.address), systemClock);
  try {
    const outcome = await round.run({
      version: 1,
      wishVersion: 1,
      ruleset: undefined,
      change: undefined,
      addOnly: false,
    });
    const isClear = outcome.kind === 'in_sync' || outcome.kind === 'no_http_app';
    (isClear ? print : printError)(`Caddy at ${admin}: ${describe(outcome)}`);
    return isClear;
  } finally {
    await round.close();
  }
}

function describe(outcome: RoundOutcome): string {
  switch (outcome.kind) {
    case 'in_sync':
      return outcome.pushMs === undefined
        ? 'holds no rules of ours'
        : 'our rules are removed; a running bouncer would put them back';
    case 'no_http_app':
      return 'serves no HTTP, so there is nothing to remove';
    case 'busy':
      return 'somebody else keeps changing its configuration; nothing was removed, try again';
    case 'rejected':
    case 'foreign':
    case 'unreachable':
      return outcome.message;
  }
}
