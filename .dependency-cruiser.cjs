/** The arrows of ARCHITECTURE.md. Each rule says why. */
const forbid = (name, comment, from, to) => ({ name, comment, severity: 'error', from: { path: from }, to });

module.exports = {
  forbidden: [
    forbid('net-is-the-floor', 'addresses and prefixes know nothing of this project', '^bouncer/shared/net/', {
      path: '^(bouncer|caddy|control-api|scripts)/',
      pathNot: '^bouncer/shared/net/',
    }),
    forbid(
      'domain-knows-only-net',
      'the words of the project do no I/O and depend on no process',
      '^bouncer/shared/domain/',
      {
        path: '^(bouncer|caddy|control-api|scripts)/',
        pathNot: '^bouncer/shared/(net|domain)/',
      },
    ),
    forbid('shared-stays-shared', 'both processes import it, so it may import neither', '^bouncer/shared/', {
      path: '^(bouncer|caddy|control-api|scripts)/',
      pathNot: '^bouncer/shared/',
    }),
    forbid('ipset-is-a-data-structure', 'it knows neither CrowdSec nor Caddy', '^bouncer/ipset/', {
      path: '^(bouncer|caddy|control-api|scripts)/',
      pathNot: '^bouncer/(ipset|shared/net)/',
    }),
    forbid('caddy-imports-shared-only', 'the compiler can be read without the daemon', '^caddy/', {
      path: '^(bouncer|control-api|scripts)/',
      pathNot: '^bouncer/shared/',
    }),
    forbid('bouncer-never-control-api', 'enforcement must not depend on the control plane', '^bouncer/', {
      path: '^control-api/',
    }),
    forbid('control-api-shared-only', 'it writes desired state to Redis; only the bouncer acts', '^control-api/', {
      path: '^(bouncer|caddy|scripts)/',
      pathNot: '^(bouncer/shared/|caddy/admin-(client|address)\\.ts$)',
    }),
    forbid('page-runs-in-a-browser', 'it knows the API by what it answers, not by its code', '^control-api/ui/', {
      path: '^(bouncer|caddy|control-api|scripts)/',
      pathNot: '^(control-api/ui/|control-api/page/view-paths\\.ts$|bouncer/shared/net/)',
    }),
    forbid('servers-never-page', 'the page is built on its own', '^(bouncer|caddy|scripts|control-api/(?!ui/))', {
      path: '^control-api/ui/',
    }),
    forbid('production-never-test', 'test code must not ship', '^(bouncer|caddy|control-api|scripts)/', {
      path: '^test/',
    }),
    forbid(
      'pure-parts-do-no-io',
      'decode, verdict, ruleset, compile, directives, net and ipset are functions of their input',
      '^(bouncer/(shared/(net|domain|decisions)|ipset)/|bouncer/lapi/decode\\.ts|bouncer/decisions/|bouncer/enforce/ruleset\\.ts|caddy/(compile|matchers|directives|config-types)\\.ts)',
      { path: '^(node:)?(fs|fs/promises|net|http|https|child_process|dgram|tls)$' },
    ),
    {
      name: 'no-circular',
      comment: 'a cycle hides which part owns the idea',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'no-orphans',
      comment: 'code that nothing reaches is dead',
      severity: 'error',
      from: {
        orphan: true,
        path: '^(bouncer|caddy|control-api|scripts)/',
        pathNot: '(\\.d\\.ts$|^scripts/|main\\.tsx?$|vite\\.config\\.ts$)',
      },
      to: {},
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^(dist|coverage|\\.cache|\\.state)/' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: { extensions: ['.ts', '.tsx', '.js', '.mjs'] },
  },
};
