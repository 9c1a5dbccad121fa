import { bootstrap } from './bootstrap.mjs';

bootstrap();
const { main } = await import('../dist/scripts/bench.js');
await main();
