import { createHash } from 'node:crypto';

/** The names under which Caddy knows our routes, in the order in which they stand at the top of a server. */
export interface ManagedIds {
  readonly enter: string;
  readonly block: string;
  /** Carries the owner and the revision, so that three ids tell whether all of our rules are in place. */
  readonly leave: string;
}

/** What a `leave` says of the rules that it ends. */
export interface RulesMark {
  /** The bouncer that wrote them; older versions did not say. */
  readonly owner: string | undefined;
  readonly revision: string;
}

const MANAGED = /^crowdsec_[0-9a-f]{8}_(enter|block|guard|lane|leave_.*)$/;
/** An owner may hold underscores, a revision does not. */
const LEAVE = /^crowdsec_[0-9a-f]{8}_leave_(?:([\w.-]+)_)?([0-9a-f]+)$/;

/** A server's name may hold anything; ids must fit in a URL. The first 8 hex digits of its SHA-256 do. */
export function serverKey(name: string): string {
  return createHash('sha256').update(name).digest('hex').slice(0, 8);
}

export function managedIds(key: string, { owner, revision }: RulesMark): ManagedIds {
  const mark = owner === undefined ? revision : `${owner}_${revision}`;
  return { enter: `crowdsec_${key}_enter`, block: `crowdsec_${key}_block`, leave: `crowdsec_${key}_leave_${mark}` };
}

/** Undefined where the id is not of a `leave` of ours. */
export function markOf(id: unknown): RulesMark | undefined {
  const [, owner, revision] = (typeof id === 'string' ? LEAVE.exec(id) : undefined) ?? [];
  return revision === undefined ? undefined : { owner, revision };
}

/** The route that keeps requests which failed before the verdict from the user's error routes. */
export function guardId(key: string): string {
  return `crowdsec_${key}_guard`;
}

/** The route by which the lane proves itself. */
export function laneId(key: string): string {
  return `crowdsec_${key}_lane`;
}

export function isManagedId(id: unknown): boolean {
  return typeof id === 'string' && MANAGED.test(id);
}
