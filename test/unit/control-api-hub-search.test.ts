import { describe, expect, it } from 'vitest';
import { catalogOf } from '../../control-api/hub/hub-catalog.ts';
import { hubIndexSchema } from '../../control-api/hub/hub-item.ts';
import { searchHub } from '../../control-api/hub/hub-search.ts';
import type { InstalledFile } from '../../control-api/hub/installed-files.ts';
import { catalog, entry, file } from './control-api-hub-items.ts';

describe('a search of the Hub', () => {
  const names = (query: Parameters<typeof searchHub>[1], ...files: readonly InstalledFile[]) =>
    searchHub(catalog(...files).values(), query).map(({ name }) => name.replace('crowdsecurity/', ''));

  it('has the item first that is called so, before others whose names begin with it', () => {
    const named = (name: string) => ({ ...entry(`collections/${name}`), description: '' });
    const collections = { 'a/caddy-waf': named('a'), 'b/Caddy': named('b'), 'b/more': named('c') };
    const items = catalogOf(hubIndexSchema.parse({ collections }), []);
    expect(searchHub(items.values(), { q: ' caddy ' }).map(({ name }) => name)).toEqual(['b/Caddy', 'a/caddy-waf']);
  });

  it('finds every word, in any case, in names and descriptions; names first', () => {
    expect(names({ q: 'COLLECTIONS caddy' })).toEqual(['caddy']);
    expect(names({ q: '  http  ' })).toEqual(['base-http']);
    expect(names({ q: 'about scenarios' })).toEqual(['probing']);
    expect(names({ q: 'nobody has this' })).toEqual([]);
    const described = { ...[...catalog().values()][0]!, name: 'a/first', description: 'goes with probing' };
    expect(searchHub([described, ...catalog().values()], { q: 'probing' }).map(({ name }) => name)).toEqual([
      'crowdsecurity/probing',
      'a/first',
    ]);
  });

  it('without words has all, by type and name', () => {
    expect(names({})).toEqual(['base-http', 'caddy', 'nginx', 'caddy-logs', 'probing']);
    expect(names({ q: ' ' })).toEqual(names({}));
  });

  it('can be narrowed to a type, to what is installed, and to a state', () => {
    expect(names({ type: 'parsers' })).toEqual(['caddy-logs']);
    const old = file('scenarios', 'scenarios/probing', '0.1');
    expect(names({ installed: true }, old)).toEqual(['probing']);
    expect(names({ installed: false }, old)).toEqual(['base-http', 'caddy', 'nginx', 'caddy-logs']);
    expect(names({ status: 'update_available' }, old)).toEqual(['probing']);
    expect(names({ status: 'installed' }, old)).toEqual([]);
  });
});
