import { BlockList, isIPv6 } from 'node:net';

/** Addresses and prefixes as LAPI writes them, IPv4-mapped ones too, in Node's own list: the oracle of our IP set. */
export function blockListOf(values: readonly string[]): BlockList {
  const list = new BlockList();
  for (const value of values) {
    const [address = '', length] = value.replace(/^::ffff:(?=\d+\.)/, '').split('/');
    const bits =
      value.startsWith('::ffff:') && length !== undefined
        ? Number(length) - 96
        : Number(length ?? (isIPv6(address) ? 128 : 32));
    list.addSubnet(address, bits, isIPv6(address) ? 'ipv6' : 'ipv4');
  }
  return list;
}

export function isListed(list: BlockList, client: string): boolean {
  return list.check(client, isIPv6(client) ? 'ipv6' : 'ipv4');
}
