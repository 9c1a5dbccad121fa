import type { Prefix } from '../../bouncer/shared/net/prefix.ts';
import type { Refusal } from '../decisions/ban-plan.ts';
import type { Cover } from '../decisions/unbanning.ts';
import { Problem } from '../http/problem.ts';

/** One of them is enough: a list that holds a mistake is banned as a whole, or not at all. */
export function refusedBan(refused: readonly Refusal[]): Problem {
  const invalid = refused.filter(({ code }) => code === 'not_an_address');
  const isInvalid = invalid.length > 0;
  const told = isInvalid ? invalid : refused;
  const [first] = told;
  const more = told.length > 1 ? ` (and ${told.length - 1} more)` : '';
  return new Problem({
    status: isInvalid ? 400 : 422,
    code: isInvalid ? 'invalid_value' : 'ban_refused',
    title: isInvalid ? 'Not every value is an address' : 'This ban would hit the wrong ones',
    detail: `${shown(first?.value ?? '')}: ${first?.reason ?? ''}${more}. Nothing was banned.`,
    hint: isInvalid
      ? 'Correct these values, or leave them out.'
      : 'Leave these values out; if you are sure, send "force": true.',
    errors: told.slice(0, 100).map(({ index, reason }) => ({ path: `json.values.${index}`, message: reason })),
  });
}

export function noAddress(text: string): Problem {
  return new Problem({
    status: 400,
    code: 'invalid_value',
    title: 'This is no address',
    detail: `query.value: ${shown(text)} is not an IP address or range. Nothing was changed.`,
    hint: 'Give one address or range, such as 203.0.113.9 or 203.0.113.0/24.',
  });
}

export function nothingOn(value: Prefix, covers: readonly Cover[]): Problem {
  const [cover] = covers;
  return new Problem({
    status: 404,
    code: 'no_such_decision',
    title: 'There is no decision on this value',
    detail:
      cover === undefined
        ? `No live decision is on ${value}.`
        : `No live decision is on exactly ${value}; ${cover.value} ("${cover.scenario}", ${cover.origin}) covers it.`,
    hint:
      cover === undefined
        ? `Ask why it is blocked: GET /lookup/${value}.`
        : `Lift that one (DELETE /decisions/${cover.id}), or put ${value} on the allowlist.`,
  });
}

export function nothingToLift(id: number | undefined): Problem {
  return new Problem({
    status: 404,
    code: 'no_such_decision',
    title: 'There is nothing to lift',
    detail:
      id === undefined
        ? 'None of these is a live decision.'
        : `No live decision has the id ${id}; it may have run out.`,
    hint: 'Ask for the list again: GET /decisions.',
  });
}

export function tooManyMatch(matching: number, most: number): Problem {
  return new Problem({
    status: 422,
    code: 'too_many_matches',
    title: 'These are too many for one request',
    detail: `${matching} decisions match; one request lifts at most ${most}. Nothing was lifted.`,
    hint: 'Narrow the filter. To lift everything: cscli decisions delete --all.',
  });
}

export function notExpected(matching: number, expected: number): Problem {
  return new Problem({
    status: 409,
    code: 'matches_changed',
    title: 'The list has changed meanwhile',
    detail: `${matching} decisions match now, not ${expected}. Nothing was lifted.`,
    hint: 'Look at the list again, and send the new number.',
  });
}

/** Hostile text in a sentence: one line, not too long. */
function shown(text: string): string {
  const line = text.replaceAll(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, '?');
  return `"${line.length > 60 ? `${line.slice(0, 60)}…` : line}"`;
}
