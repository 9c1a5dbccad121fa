import { expect, it } from 'vitest';
import { integer } from '../support/internet/der.ts';

it.each([
  ['as it is', [0x12, 0x34], [0x12, 0x34]],
  ['with a zero before it, or it would be negative', [0x80, 0x01], [0x00, 0x80, 0x01]],
  ['without zeros that nothing needs, which OpenSSL refuses as padding', [0x00, 0x00, 0x12], [0x12]],
  ['with the one zero that keeps it positive', [0x00, 0x00, 0x92], [0x00, 0x92]],
  ['as one zero', [0x00, 0x00], [0x00]],
])('an integer is written %s', (_how, bytes, content) => {
  expect([...integer(Uint8Array.from(bytes))]).toEqual([0x02, content.length, ...content]);
});
