import { isLosslessNumber } from 'lossless-json';
import { AddressList } from './address-list.ts';
import { isObject } from './config-types.ts';

/** Whether two JSON values mean the same; the order of an object's keys means nothing. Shared parts cost nothing. */
export function sameJson(a: unknown, b: unknown): boolean {
  const left = plain(a);
  const right = plain(b);
  if (left === right) return true;
  if (Array.isArray(left)) return Array.isArray(right) && sameItems(left, right);
  return isObject(left) && isObject(right) && sameEntries(left, right);
}

function plain(value: unknown): unknown {
  if (value instanceof AddressList) return value.values;
  return isLosslessNumber(value) ? Number(value.value) : value;
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
