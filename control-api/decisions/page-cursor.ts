import { z } from 'zod';
import { Problem } from '../http/problem.ts';
import { parseJson } from '../parse-json.ts';
import { type Column, COLUMNS, type SortKey } from './row-order.ts';

/** The last row of a page: the next one begins after it, whether or not the row is still there. */
export interface PageCursor {
  readonly column: Column;
  readonly isDescending: boolean;
  readonly key: SortKey;
  readonly id: number;
}

const cursorSchema = z.tuple([z.enum(COLUMNS), z.boolean(), z.union([z.string(), z.number()]), z.number()]);

/** Opaque to clients. */
export function encodeCursor({ column, isDescending, key, id }: PageCursor): string {
  return Buffer.from(JSON.stringify([column, isDescending, key, id])).toString('base64url');
}

/** @throws Problem when it is not the cursor of an earlier page in this order. */
export function decodeCursor(text: string, wanted: Pick<PageCursor, 'column' | 'isDescending'>): PageCursor {
  const read = cursorSchema.safeParse(parseJson(Buffer.from(text, 'base64url').toString('utf8')));
  if (!read.success) throw invalidCursor('this is not a cursor that an earlier answer gave');
  const [column, isDescending, key, id] = read.data;
  if (column === wanted.column && isDescending === wanted.isDescending) return { column, isDescending, key, id };
  throw invalidCursor('this cursor belongs to pages in another order');
}

export function invalidCursor(why: string): Problem {
  return new Problem({
    status: 400,
    code: 'invalid_cursor',
    title: 'The cursor does not fit',
    detail: `query.cursor: ${why}.`,
    hint: 'Use next_cursor of the answer before with the same sort, or leave it out for the first page.',
  });
}
