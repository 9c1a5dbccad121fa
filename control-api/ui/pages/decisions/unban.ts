import { send } from '../../api/request.ts';
import type { UnbanReply } from '../../api/wire.ts';
import { tell } from '../../parts/toasts.tsx';
import { counted } from '../../text/count.ts';
import { plain } from '../../text/plain.ts';
import { asDuration, seconds } from '../../text/time.ts';

/** Lifts every decision on a value, and says what Caddy made of it; ten seconds to take it back. */
export async function unban(value: string): Promise<UnbanReply> {
  const reply = await send<UnbanReply>({ method: 'DELETE', path: unbanPath(value) });
  tellOutcome(value, reply);
  return reply;
}

export function unbanPath(value: string): string {
  return `/decisions?value=${encodeURIComponent(value)}`;
}

export function tellOutcome(what: string, reply: UnbanReply): void {
  const undo = reply.lifted.length === 0 ? {} : { undo: () => banAgain(reply.lifted) };
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

/** Bans again what was lifted, for the time that was left. */
async function banAgain(lifted: UnbanReply['lifted']): Promise<void> {
  const groups = new Map<string, { readonly first: UnbanReply['lifted'][number]; readonly values: string[] }>();
  for (const decision of lifted) {
    const key = `${decision.type} ${decision.until.slice(0, 19)} ${decision.scenario}`;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, { first: decision, values: [decision.value] });
    else group.values.push(decision.value);
  }
  for (const { first, values } of groups.values()) {
    const duration = asDuration(Date.parse(first.until) - Date.now());
    const reason = plain(first.scenario, 190).trim();
    const body = { values: [...new Set(values)], duration, type: first.type, reason, force: true };
    await send({ method: 'POST', path: '/decisions', body });
  }
  tell(`${counted(lifted.length, 'ban')} back in force`);
}
