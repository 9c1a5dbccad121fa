/** Test files that run at the same time start servers at the same time: each worker has ports of its own. */
process.env['PORT_SHARE'] = process.env['VITEST_POOL_ID'] ?? '0';
