import { parseDuration } from '../shared/domain/duration.ts';
import type { Decision } from '../shared/domain/decision.ts';
import { type Prefix, parsePrefix } from '../shared/net/prefix.ts';

/** Why a decision that LAPI sent is not enforced; each is counted under this name. */
export type RejectReason =
  | 'not_an_object'
  | 'bad_id'
  | 'bad_value'
  | 'bad_duration'
  | 'expired'
  | 'missing_type'
  | 'unsupported_scope'
  | 'simulated';

export type Decoded =
  | { readonly kind: 'decision'; readonly decision: Decision }
  | { readonly kind: 'reject'; readonly reason: RejectReason; readonly sample: string };

/**
 * Reads one element of the stream's `new` list; unknown fields are passed over.
 * @param receivedAt monotonic milliseconds; LAPI's durations count from its answer, and clocks of two machines differ.
 */
export function decodeDecision(raw: unknown, receivedAt: number): Decoded {
  if (typeof raw !== 'object' || raw === null) return reject('not_an_object', raw);
  const { id, value, duration, scope, type, origin, scenario, simulated } = raw as Readonly<Record<string, unknown>>;
  if (!isId(id)) return reject('bad_id', id);
  if (simulated === true) return reject('simulated', value);
  if (!isAddressScope(scope)) return reject('unsupported_scope', scope);
  if (typeof type !== 'string' || type.trim() === '') return reject('missing_type', type);
  const prefix = readPrefix(value);
  if (prefix === undefined) return reject('bad_value', value);
  const remaining = typeof duration === 'string' ? parseDuration(duration) : undefined;
  if (remaining === undefined) return reject('bad_duration', duration);
  if (remaining <= 0) return reject('expired', duration);
  return {
    kind: 'decision',
    decision: {
      id,
      origin: shared(asText(origin)),
      scenario: shared(asText(scenario)),
      type: shared(type.trim().toLowerCase()),
      prefix,
      expiresAt: receivedAt + remaining,
    },
  };
}

/** 1.4.6 stores an imported CIDR with scope `Ip`, and people write an address with scope `Range`: the value decides. */
function readPrefix(value: unknown): Prefix | undefined {
  return typeof value === 'string' ? parsePrefix(value.trim()) : undefined;
}

/** Reads one element of the stream's `deleted` list: only its id matters. */
export function decodeDeletedId(raw: unknown): number | undefined {
  const id = typeof raw === 'object' && raw !== null ? (raw as { readonly id?: unknown }).id : undefined;
  return isId(id) ? id : undefined;
}

function isId(id: unknown): id is number {
  return typeof id === 'number' && Number.isSafeInteger(id) && id >= 0;
}

/** `Ip` and `Range`, in any case: LAPI stores what it was given. */
function isAddressScope(scope: unknown): boolean {
  if (typeof scope !== 'string') return false;
  const lower = scope.toLowerCase();
  return lower === 'ip' || lower === 'range';
}

function asText(value: unknown): string {
  return typeof value === 'string' ? value : 'unknown';
}

function reject(reason: RejectReason, culprit: unknown): Decoded {
  const sample = (JSON.stringify(culprit) as string | undefined) ?? 'nothing';
  return { kind: 'reject', reason, sample: sample.slice(0, 80) };
}

/** A hundred thousand decisions share a handful of origins, types and scenarios: keep one string of each. */
const pool = new Map<string, string>();
const POOL_LIMIT = 10_000;

function shared(text: string): string {
  const known = pool.get(text);
  if (known !== undefined) return known;
  if (pool.size >= POOL_LIMIT) pool.clear();
  pool.set(text, text);
  return text;
}
