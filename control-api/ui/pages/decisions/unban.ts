import { type Call, send } from '../../api/request.ts';
import type { UnbanReply } from '../../api/wire.ts';
import { tell } from '../../parts/toasts.tsx';
import { counted } from '../../text/count.ts';
import { plain } from '../../text/plain.ts';
import { asDuration, seconds } from '../../text/time.ts';

/** Lifts every decision on a value, and says what Caddy made of it; ten seconds to take it back. */
export async function unban(value: string): Promise<UnbanReply> {
  const call: Call = { method: 'DELETE', path: unbanPath(value) };
  const reply = await send<UnbanReply>(call);
  tellOutcome(value, reply, call);
  return reply;
}

export function unbanPath(value: string): string {
  return `/decisions?value=${encodeURIComponent(value)}`;
}

/** Takes a ban back: what it made is lifted, and what was there before stays. */
export async function liftAgain(ids: readonly number[]): Promise<void> {
  const call: Call = { method: 'POST', path: '/decisions/delete', body: { ids } };
  tellOutcome(counted(ids.length, 'ban'), await send<UnbanReply>(call), call);
}

export function tellOutcome(what: string, reply: UnbanReply, call: Call): void {
  const undo = { call, ...(reply.lifted.length === 0 ? {} : { undo: () => banAgain(reply.lifted) }) };
  const [cover] = reply.still_covered_by;
  const [missing] = reply.missing;
  if (reply.allowed_again) {
    tell(`${what}: allowed again, ${seconds(reply.took_ms)}`, undo);
  } else if (cover !== undefined) {
    const more = reply.still_covered_by.length > 1 ? ` and ${reply.still_covered_by.length - 1} more` : '';
    tell(`${what}: lifted, but ${cover.value} still covers it${more}`, {
      ...undo,
      hint: `“${plain(cover.scenario, 120)}” (${cover.origin}). Lift that too, or put the address on the allowlist.`,
    });
  } else {
    tell(`${what}: lifted${reply.confirmed ? '' : ', not yet confirmed by Caddy'}`, {
      ...undo,
      ...(missing === undefined ? {} : { hint: missing }),
    });
  }
}

type Lifted = UnbanReply['lifted'][number];

/** As the API takes them at once. */
const MOST_VALUES = 1_000;

/** Of bans that end at nearly the same time one request is made: each waits for Caddy. */
const NEARLY = Math.log(1.05);

/** Bans again what was lifted, for the time that was left, or up to a twentieth longer. */
async function banAgain(lifted: readonly Lifted[]): Promise<void> {
  const groups = new Map<string, Lifted[]>();
  for (const decision of lifted) {
    const nearly = Math.round(Math.log(leftOf(decision)) / NEARLY);
    const key = `${decision.type} ${nearly} ${decision.scenario}`;
    groups.set(key, [...(groups.get(key) ?? []), decision]);
  }
  for (const group of groups.values()) {
    for (let from = 0; from < group.length; from += MOST_VALUES) await banGroup(group.slice(from, from + MOST_VALUES));
  }
  tell(`${counted(lifted.length, 'ban')} back in force`);
}

async function banGroup(group: readonly Lifted[]): Promise<void> {
  const [first] = group;
  if (first === undefined) return;
  const values = [...new Set(group.map(({ value }) => value))];
  const duration = asDuration(Math.max(...group.map(leftOf)));
  const reason = plain(first.scenario, 190).trim();
  await send({ method: 'POST', path: '/decisions', body: { values, duration, type: first.type, reason, force: true } });
}

function leftOf({ until }: Lifted): number {
  return Math.max(1_000, Date.parse(until) - Date.now());
}
