/**
 * The parts that decide without I/O, and for each the tests that have to notice when it is broken: its own, which start
 * no server and wait for nothing. That another part's tests would stumble over a mistake too does not count, and asking
 * all of them about each mutant would take hours.
 *
 * What keeps a part of many mutants short: `runs`, how many cases of a property are tried; `sharesModules`, where no test
 * replaces a module of the part; `patienceMs`, how much longer than before its tests may take until a mutant counts as
 * running on, where many mutants do.
 */
export const PARTS = {
  net: {
    mutate: ['bouncer/shared/net/*.ts'],
    // Not `net-long-text`: what it counts is time.
    tests: ['unit/net-{prefix,second-reader}', 'property/net-*'],
  },
  domain: {
    mutate: ['bouncer/shared/domain/*.ts'],
    tests: ['unit/shared-{domain,duration}', 'property/shared-duration'],
  },
  ipset: {
    mutate: ['bouncer/ipset/*.ts'],
    // Not `ipset-memory`, which needs many members, nor the properties, which walk whole sets again and again.
    tests: ['unit/ipset-!(memory)'],
    sharesModules: true,
    patienceMs: 5_000,
  },
  lapi: {
    mutate: ['bouncer/lapi/{decode,batch}.ts', 'bouncer/shared/runtime/json-reader.ts'],
    tests: ['unit/bouncer-lapi-{decode,batch}', 'property/bouncer-decode'],
  },
  decisions: {
    mutate: ['bouncer/decisions/*.ts', 'bouncer/shared/decisions/*.ts'],
    // Not `bouncer-store-waste` and `bouncer-store-at-scale`: they need tens of thousands of decisions.
    tests: ['unit/bouncer-{store,store-rows,store-room,verdict,intake}', 'property/bouncer-{store,ban-set}'],
    runs: 10,
    sharesModules: true,
    patienceMs: 3_000,
  },
  enforce: {
    mutate: ['bouncer/enforce/{ruleset,desired,push-pace,held-set,lane,caddy-round,load-watch}.ts'],
    tests: [
      'unit/bouncer-{desired,desired-versions,held-set,push-pace,lane,caddy-round,load-watch}',
      'property/bouncer-{lane,ban-set}',
    ],
    sharesModules: true,
    patienceMs: 5_000,
  },
  caddy: {
    mutate: ['caddy/!(admin-*|capabilities).ts'],
    tests: ['unit/caddy-*', 'property/caddy-*'],
    sharesModules: true,
    patienceMs: 5_000,
  },
  'control-api': {
    mutate: [
      'control-api/decisions/{ban-plan,ban-guards,csv,dictionary,infrastructure-guards,page-cursor,prefix-matcher,row-filter,row-order}.ts',
      'control-api/enrollment/enrollment-key.ts',
      'control-api/hub/{hub-catalog,hub-item,hub-plan,hub-search}.ts',
      'control-api/crowdsec/{command-words,cscli-messages}.ts',
      'control-api/http/{cursor,duration-input,line-input,prefix-input}.ts',
      'control-api/parse-json.ts',
    ],
    tests: [
      'unit/control-api-{ban-plan,decisions-page,enrollment-key,hub,hub-search,infrastructure-guards,inputs,row-filter}',
      'property/{control-api-parsing,shared-duration}',
    ],
    sharesModules: true,
    patienceMs: 5_000,
  },
};
