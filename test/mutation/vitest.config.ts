import { defineConfig } from 'vitest/config';

/** What a mutation run asks about each mutant: tests that start no server and wait for nothing. */
export default defineConfig({
  test: {
    include: ['test/unit/{bouncer,caddy,control-api,ipset,net,shared}-*.test.ts', 'test/property/*.test.ts'],
    exclude: [
      'test/unit/bouncer-{http,lapi-client,lapi-tls,state}.test.ts',
      'test/unit/control-api-{client,config,confirmation,effect,geo,internet,openapi,rate-limit}.test.ts',
      'test/unit/control-api-decisions-{http,lapi,scale}.test.ts',
      'test/unit/shared-{config,runtime,services}.test.ts',
      'test/property/control-api-decisions-follow.test.ts',
    ],
    setupFiles: ['test/mutation/setup.ts'],
    testTimeout: 60_000,
  },
});
