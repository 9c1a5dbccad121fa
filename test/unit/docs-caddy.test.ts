/** The routes that caddy/README.md shows are the ones that the compiler writes. */
import { describe, expect, it } from 'vitest';
import { compile } from '../../caddy/compile.ts';
import { writeJson } from '../../caddy/merge.ts';
import { readServers } from '../../caddy/servers.ts';
import { ruleset, strangers } from '../support/caddy-enforcer.ts';
import { pages } from '../support/markdown.ts';

const page = pages('caddy').find(({ path }) => path === 'caddy/README.md');

interface Block {
  readonly match: readonly [{ readonly not: readonly [{ readonly not: readonly [{ host: string[] }] }] }];
}

function compiled(): unknown {
  const live = readServers(Buffer.from(JSON.stringify({ srv0: { listen: [':80'], routes: [] } })));
  if (live.kind === 'unreadable') throw new Error(live.reason);
  const wanted = ruleset({ addresses: ['203.0.113.9', '2001:db8::1', ...strangers(200)] });
  const compilation = compile(wanted, { clientIp: true, logAppend: true }, live.servers);
  const text = Buffer.concat([...writeJson(live, compilation)]).toString('utf8');
  const { srv0 } = JSON.parse(text) as { srv0: { routes: object[] } };
  const [enter, block, leave] = srv0.routes as [object, Block, object];
  const { host } = block.match[0].not[0].not[0];
  expect(host).toEqual(expect.arrayContaining(['203.0.113.9', '2001:db8::1']));
  host.splice(0, host.length, '203.0.113.9', '2001:db8::1', '…');
  return [enter, block, leave];
}

/** Ids carry a hash of the server and of the rules. */
function withoutHashes(routes: unknown): unknown {
  return JSON.parse(
    JSON.stringify(routes)
      .replaceAll(/"crowdsec_[^"]*_(enter|block)"/g, '"crowdsec_…_$1"')
      .replaceAll(/"crowdsec_[^"]*_leave_[^"]*"/g, '"crowdsec_…_leave_…"'),
  ) as unknown;
}

describe('caddy/README.md', () => {
  it('shows the routes as they are written', () => {
    const shown = page?.blocks.find(({ language }) => language === 'json')?.text ?? '';
    expect(withoutHashes(compiled())).toEqual(JSON.parse(shown));
  });
});
