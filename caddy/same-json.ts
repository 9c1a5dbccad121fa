import { isLosslessNumber } from 'lossless-json';
import { AddressList, markerOf } from './address-list.ts';
import { isObject } from './config-types.ts';

/** Whether two JSON values mean the same; the order of an object's keys means nothing. Shared parts cost nothing. */
export function sameJson(a: unknown, b: unknown): boolean {
  if (a instanceof AddressList) return b instanceof AddressList ? a.digest === b.digest : isListed(a, b);
  if (b instanceof AddressList) return isListed(b, a);
  const left = plain(a);
  const right = plain(b);
  if (left === right) return true;
  if (Array.isArray(left)) return Array.isArray(right) && sameItems(left, right);
  return isObject(left) && isObject(right) && sameEntries(left, right);
}

function plain(value: unknown): unknown {
  return isLosslessNumber(value) ? Number(value.value) : value;
}

/** @param items a list, or what stands where a long one was cut out. */
function isListed({ values, digest }: AddressList, items: unknown): boolean {
  if (typeof items === 'string') return items === markerOf(digest);
  if (!Array.isArray(items) || items.length !== values.length) return false;
  let i = 0;
  for (const value of values) if (items[i++] !== value) return false;
  return true;
}

function sameItems(left: readonly unknown[], right: readonly unknown[]): boolean {
  return left.length === right.length && left.every((item, i) => sameJson(item, right[i]));
}

function sameEntries(left: Readonly<Record<string, unknown>>, right: Readonly<Record<string, unknown>>): boolean {
  // A key that is undefined is not in the JSON.
  const keys = (object: object) => Object.entries(object).flatMap(([key, value]) => (value === undefined ? [] : [key]));
  const names = keys(left);
  return (
    names.length === keys(right).length &&
    names.every((key) => Object.hasOwn(right, key) && sameJson(left[key], right[key]))
  );
}
