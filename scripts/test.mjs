import { bootstrap } from './bootstrap.mjs';

bootstrap();
const { main } = await import('../dist/scripts/test.js');
await main();
