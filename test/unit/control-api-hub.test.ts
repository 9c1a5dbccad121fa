import { describe, expect, it } from 'vitest';
import { catalogOf } from '../../control-api/hub/hub-catalog.ts';
import { hubIndexSchema, type HubItem, type HubRef, keyOf } from '../../control-api/hub/hub-item.ts';
import { difference, planInstall, planRemove, planUpgrade } from '../../control-api/hub/hub-plan.ts';
import { CADDY, catalog, collection, entry, file, PROBING } from './control-api-hub-items.ts';

/** All of the collection for Caddy, as it stands on disk. */
const CADDY_FILES = [
  file('collections', 'collections/caddy'),
  file('collections', 'collections/base-http'),
  file('parsers', 'parsers/caddy-logs'),
  file('scenarios', 'scenarios/probing'),
];

const without = (path: string) => CADDY_FILES.filter(({ hubPath }) => hubPath !== path);
const statusOf = (items: ReadonlyMap<string, HubItem>, ref: HubRef) => items.get(keyOf(ref))?.status;
const short = (changes: readonly (HubRef & { readonly action: string })[]) =>
  changes.map(({ action, name }) => `${action} ${name.replace('crowdsecurity/', '')}`);

describe('the index of the Hub', () => {
  it('may leave out every list, or have null for it', () => {
    expect(hubIndexSchema.parse({}).scenarios).toEqual({});
    const scenario = { path: 'x', version: '1', versions: {}, parsers: null };
    const read = hubIndexSchema.parse({ scenarios: { 'a/b': scenario }, unknown: 1 });
    expect(read.scenarios['a/b']).toMatchObject({
      description: '',
      author: '',
      content: '',
      parsers: [],
      contexts: [],
    });
  });

  it.each([[[]], [null], ['{}'], [{ parsers: [] }], [{ parsers: { a: {} } }], [{ parsers: { a: { path: 1 } } }]])(
    'is not %j',
    (text) => expect(hubIndexSchema.safeParse(text).success).toBe(false),
  );
});

describe('the catalog', () => {
  it('has every item of the index, installed or not', () => {
    const items = catalog();
    expect([...items.keys()]).toEqual([
      'collections/crowdsecurity/caddy',
      'collections/crowdsecurity/base-http',
      'collections/crowdsecurity/nginx',
      'parsers/crowdsecurity/caddy-logs',
      'scenarios/crowdsecurity/probing',
    ]);
    expect(items.get(keyOf(CADDY))).toEqual({
      ...CADDY,
      author: 'crowdsecurity',
      description: 'about collections/caddy',
      version: '0.2',
      status: 'not_installed',
      path: 'collections/caddy',
      parts: [collection('base-http'), { type: 'parsers', name: 'crowdsecurity/caddy-logs' }],
    });
  });

  it('knows an installed item by its content, and which version that is', () => {
    expect(catalog(...CADDY_FILES).get(keyOf(CADDY))).toMatchObject({ status: 'installed', localVersion: '0.2' });
    const old = catalog(file('scenarios', 'scenarios/probing', '0.1')).get(keyOf(PROBING));
    expect(old).toMatchObject({ status: 'update_available', localVersion: '0.1' });
  });

  it('takes the current version of those with this content: some went back to an older one', () => {
    const digestOf = (version: string) => ({ digest: `scenarios/probing ${version}` });
    const versions = { '0.1': digestOf('0.2'), '0.2': digestOf('0.2'), '0.3': digestOf('0.3') };
    const withVersion = (version: string) => {
      const probing = { ...entry('scenarios/probing'), version, versions };
      const index = hubIndexSchema.parse({ scenarios: { [PROBING.name]: probing } });
      return catalogOf(index, [file('scenarios', 'scenarios/probing', '0.2')]).get(keyOf(PROBING));
    };
    expect(withVersion('0.2')).toMatchObject({ status: 'installed', localVersion: '0.2' });
    expect(withVersion('0.3')).toMatchObject({ status: 'update_available', localVersion: '0.1' });
  });

  it('tells what somebody has changed, and a link that leads nowhere', () => {
    const changed = catalog(file('scenarios', 'scenarios/probing', 'by hand')).get(keyOf(PROBING));
    expect(changed).toMatchObject({ status: 'tainted' });
    expect(changed).not.toHaveProperty('localVersion');
    const { digest: _, ...dangling } = file('scenarios', 'scenarios/probing');
    expect(statusOf(catalog(dangling), PROBING)).toBe('tainted');
  });

  it('has files of people’s own beside it', () => {
    const own = catalog({ type: 'scenarios', fileName: 'mine.yaml' }).get('scenarios/mine.yaml');
    expect(own).toEqual({
      type: 'scenarios',
      name: 'mine.yaml',
      author: '',
      description: '',
      version: '',
      status: 'local',
      path: 'mine.yaml',
      parts: [],
    });
  });

  it('calls a collection tainted when a part, or a part of a part, is missing or changed', () => {
    expect(statusOf(catalog(...without('parsers/caddy-logs')), CADDY)).toBe('tainted');
    expect(statusOf(catalog(...without('scenarios/probing')), CADDY)).toBe('tainted');
    const changed = [...without('scenarios/probing'), file('scenarios', 'scenarios/probing', 'by hand')];
    expect(statusOf(catalog(...changed), CADDY)).toBe('tainted');
    const old = [...without('scenarios/probing'), file('scenarios', 'scenarios/probing', '0.1')];
    expect(statusOf(catalog(...old), CADDY)).toBe('installed');
  });

  it('leaves a collection that is not installed at that, whatever becomes of its parts', () => {
    expect(statusOf(catalog(file('scenarios', 'scenarios/probing', 'by hand')), CADDY)).toBe('not_installed');
  });

  it('passes over parts that nobody knows, and ends at a collection that contains itself', () => {
    const odd = hubIndexSchema.parse({
      collections: { 'a/loop': entry('loop', { collections: ['a/loop'], parsers: ['nobody/knows'] }) },
    });
    const items = catalogOf(odd, [file('collections', 'loop')]);
    expect(items.get('collections/a/loop')?.status).toBe('installed');
    expect(planInstall(items, { type: 'collections', name: 'a/loop' })).toEqual({ kind: 'plan', changes: [] });
  });
});

describe('an installation', () => {
  const plan = (items: ReadonlyMap<string, HubItem>, ref = CADDY) => {
    const planned = planInstall(items, ref);
    return planned.kind === 'plan' ? short(planned.changes) : planned;
  };

  it('brings along every part that is not there, and updates those that are old', () => {
    const all = ['install caddy', 'install base-http', 'install probing', 'install caddy-logs'];
    expect(plan(catalog())).toEqual(all);
    expect(plan(catalog(file('scenarios', 'scenarios/probing', '0.1')))).toEqual(
      all.map((change) => (change === 'install probing' ? 'update probing' : change)),
    );
    expect(plan(catalog(...CADDY_FILES))).toEqual([]);
  });

  it('completes a collection that lacks a part', () => {
    expect(plan(catalog(...without('parsers/caddy-logs')))).toEqual(['install caddy-logs']);
    const changed = [...without('collections/caddy'), file('collections', 'collections/caddy', 'by hand')];
    expect(plan(catalog(...changed))).toEqual([]);
    expect(plan(catalog(...changed.filter(({ type }) => type !== 'parsers')))).toEqual(['install caddy-logs']);
  });

  it('leaves alone what somebody has changed, and refuses to be asked for just that', () => {
    const items = catalog(file('scenarios', 'scenarios/probing', 'by hand'));
    expect(plan(items)).toEqual(['install caddy', 'install base-http', 'install caddy-logs']);
    expect(plan(items, PROBING)).toEqual({ kind: 'untouchable', item: PROBING, status: 'tainted' });
    const own: HubRef = { type: 'scenarios', name: 'mine.yaml' };
    expect(plan(catalog({ type: 'scenarios', fileName: 'mine.yaml' }), own)).toEqual({
      kind: 'untouchable',
      item: own,
      status: 'local',
    });
  });

  it('of what nobody knows is none', () => {
    expect(plan(catalog(), collection('nobody'))).toEqual({ kind: 'unknown', item: collection('nobody') });
  });
});

describe('a removal', () => {
  const plan = (items: ReadonlyMap<string, HubItem>, ref = CADDY) => {
    const planned = planRemove(items, ref);
    return planned.kind === 'plan' ? short(planned.changes) : planned;
  };

  it('leaves to a collection what it needs, and says which one', () => {
    const needed = { kind: 'needed', item: PROBING, by: 'crowdsecurity/base-http' };
    expect(plan(catalog(...CADDY_FILES), PROBING)).toEqual(needed);
    const logs: HubRef = { type: 'parsers', name: 'crowdsecurity/caddy-logs' };
    expect(plan(catalog(...CADDY_FILES), logs)).toEqual({ kind: 'needed', item: logs, by: CADDY.name });
    expect(plan(catalog(file('scenarios', 'scenarios/probing')), PROBING)).toEqual(['remove probing']);
  });

  it('takes along the parts, and theirs', () => {
    expect(plan(catalog(...CADDY_FILES))).toEqual([
      'remove caddy',
      'remove base-http',
      'remove probing',
      'remove caddy-logs',
    ]);
  });

  it('leaves what another installed collection needs', () => {
    const both = catalog(...CADDY_FILES, file('collections', 'collections/nginx'));
    expect(plan(both)).toEqual(['remove caddy', 'remove caddy-logs']);
  });

  it('of something that is not installed changes nothing', () => {
    expect(plan(catalog())).toEqual([]);
    expect(plan(catalog(...without('scenarios/probing')), PROBING)).toEqual([]);
  });

  it('is refused for what somebody has changed, and for what nobody knows', () => {
    const changed = catalog(file('scenarios', 'scenarios/probing', 'by hand'));
    expect(plan(changed, PROBING)).toEqual({ kind: 'untouchable', item: PROBING, status: 'tainted' });
    expect(plan(catalog(), collection('nobody'))).toMatchObject({ kind: 'unknown' });
    const incomplete = { kind: 'untouchable', item: CADDY, status: 'tainted' };
    expect(plan(catalog(...without('parsers/caddy-logs')))).toEqual(incomplete);
    const own: HubRef = { type: 'scenarios', name: 'mine.yaml' };
    expect(plan(catalog({ type: 'scenarios', fileName: 'mine.yaml' }), own)).toMatchObject({ status: 'local' });
  });
});

describe('what changed between two looks', () => {
  const OLD = file('scenarios', 'scenarios/probing', '0.1');
  const NEW = file('scenarios', 'scenarios/probing');

  it('is what was installed, updated and removed', () => {
    expect(short(difference(catalog(), catalog(NEW)))).toEqual(['install probing']);
    expect(short(difference(catalog(OLD), catalog(NEW)))).toEqual(['update probing']);
    expect(short(difference(catalog(NEW), catalog()))).toEqual(['remove probing']);
    expect(difference(catalog(NEW), catalog(NEW))).toEqual([]);
  });

  it('is everything when nothing was known before', () => {
    expect(short(difference(new Map(), catalog(NEW)))).toEqual(['install probing']);
    expect(difference(new Map(), catalog())).toEqual([]);
  });

  it('is an update when somebody’s change came or went', () => {
    const changed = file('scenarios', 'scenarios/probing', 'by hand');
    expect(short(difference(catalog(NEW), catalog(changed)))).toEqual(['update probing']);
    expect(short(difference(catalog(changed), catalog(NEW)))).toEqual(['update probing']);
    expect(difference(catalog(changed), catalog(changed))).toEqual([]);
  });

  it('is what an upgrade plans to do', () => {
    expect(short(planUpgrade(catalog(OLD)))).toEqual(['update probing']);
    expect(planUpgrade(catalog(NEW))).toEqual([]);
  });
});
