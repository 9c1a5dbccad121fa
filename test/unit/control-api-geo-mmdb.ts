/** The smallest MaxMind DB: a tree of one node whose two sides both lead to one record. */
type Value = string | number | { readonly [name: string]: Value };

export function mmdb(record: Value): Buffer {
  const nodeCount = 1;
  const separator = 16;
  const pointer = nodeCount + separator;
  const tree = Buffer.alloc(6);
  tree.writeUIntBE(pointer, 0, 3);
  tree.writeUIntBE(pointer, 3, 3);
  const metadata: Value = {
    binary_format_major_version: 2,
    binary_format_minor_version: 0,
    build_epoch: 1,
    database_type: 'test',
    ip_version: 4,
    node_count: nodeCount,
    record_size: 24,
  };
  const marker = Buffer.concat([Buffer.from([0xab, 0xcd, 0xef]), Buffer.from('MaxMind.com')]);
  return Buffer.concat([tree, Buffer.alloc(separator), encoded(record), marker, encoded(metadata)]);
}

/** Types by their number: 2 text, 6 a number of up to 32 bits, 7 a map. A size from 29 on takes one more byte. */
function encoded(value: Value): Buffer {
  if (typeof value === 'string') return Buffer.concat([control(2, Buffer.byteLength(value)), Buffer.from(value)]);
  if (typeof value === 'number') {
    const bytes = Buffer.alloc(4);
    bytes.writeUInt32BE(value);
    return Buffer.concat([control(6, 4), bytes]);
  }
  const entries = Object.entries(value);
  return Buffer.concat([
    control(7, entries.length),
    ...entries.flatMap(([name, item]) => [encoded(name), encoded(item)]),
  ]);
}

function control(type: number, size: number): Buffer {
  return size < 29 ? Buffer.from([(type << 5) | size]) : Buffer.from([(type << 5) | 29, size - 29]);
}
