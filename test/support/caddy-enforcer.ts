/** What the reconciler does to a Caddy, in its shortest form: read, compile, write, check. */
import type { BanAction, LaneRoutes, Ruleset } from '../../bouncer/shared/domain/ruleset.ts';
import type { Policy } from '../../bouncer/shared/domain/policy.ts';
import { comparePrefixes, parseAddress, parsePrefix, type Prefix } from '../../bouncer/shared/net/prefix.ts';
import { parseAdminAddress } from '../../caddy/admin-address.ts';
import { type AdminLimits, CaddyAdmin } from '../../caddy/admin-client.ts';
import type { AdminResult } from '../../caddy/admin-result.ts';
import { compile, type Compilation } from '../../caddy/compile.ts';
import { isInPlace, writeJson } from '../../caddy/merge.ts';
import { readServers, type LiveServers } from '../../caddy/servers.ts';

export interface RulesetWish {
  readonly addresses?: readonly string[];
  readonly ranges?: readonly string[];
  readonly exceptions?: readonly string[];
  readonly policy?: Policy;
  readonly action?: BanAction;
  readonly logBlocked?: 'keep' | 'skip';
  /** A folder for changes without a reload, which the rules ask too. */
  readonly lane?: LaneRoutes;
  /** The bouncer that the rules name. */
  readonly owner?: string;
}

export const FORBIDDEN: BanAction = { kind: 'status', status: 403 };

export function ruleset(wish: RulesetWish): Ruleset {
  const prefixes = (texts: readonly string[] = []) => texts.map(prefix).sort(comparePrefixes);
  return {
    bans: {
      addresses: (wish.addresses ?? []).map(address).sort(comparePrefixes),
      ranges: prefixes(wish.ranges),
      exceptions: prefixes(wish.exceptions),
    },
    policy: wish.policy ?? 'enforce',
    action: wish.action ?? FORBIDDEN,
    logBlocked: wish.logBlocked ?? 'keep',
  };
}

function address(text: string) {
  const parsed = parseAddress(text);
  if (parsed === undefined) throw new Error(`"${text}" is no address`);
  return parsed;
}

function prefix(text: string): Prefix {
  const parsed = parsePrefix(text);
  if (parsed === undefined) throw new Error(`"${text}" is no prefix`);
  return parsed;
}

/** Addresses that nobody in the tests comes from, counted up from 198.18.0.0 (RFC 2544). */
export function strangers(count: number): readonly string[] {
  return Array.from({ length: count }, (_, i) => `198.${18 + (i >> 16)}.${(i >> 8) & 255}.${i & 255}`);
}

export function adminOf(server: { readonly admin: string }, limits: Partial<AdminLimits> = {}): CaddyAdmin {
  const parsed = parseAdminAddress(server.admin);
  if (parsed.kind === 'invalid') throw new Error(parsed.message);
  return new CaddyAdmin(parsed.address, limits);
}

/** The value of a call that must succeed. */
export function expectOk<Value>(result: AdminResult<Value>): Value {
  if (result.kind !== 'ok') throw new Error(`${result.kind}: ${result.message}`);
  return result.value;
}

export async function liveServers(admin: CaddyAdmin): Promise<LiveServers & { readonly etag: string }> {
  const { json, etag } = expectOk(await admin.readServers());
  const live = readServers(json);
  if (live.kind === 'unreadable') throw new Error(live.reason);
  return { ...live, etag };
}

/** Makes a running Caddy enforce these rules (undefined: none), and checks that it says so itself. */
export async function enforce(server: { readonly admin: string }, wish: RulesetWish | undefined): Promise<Compilation> {
  const admin = adminOf(server);
  try {
    const capabilities = expectOk(await admin.capabilities());
    const live = await liveServers(admin);
    const compilation = compile(
      wish === undefined ? undefined : ruleset(wish),
      capabilities,
      live.servers,
      wish?.lane,
      wish?.owner,
    );
    expectOk(await admin.writeServers(writeJson(live, compilation), live.etag));
    if (!isInPlace(await liveServers(admin), compilation)) throw new Error('Caddy runs something else than was pushed');
    for (const { name, ids } of compilation.servers.values()) {
      if (ids && !expectOk(await admin.idsInPlace(name, ids))) throw new Error(`the ids of "${name}" are not in place`);
    }
    return compilation;
  } finally {
    await admin.close();
  }
}
