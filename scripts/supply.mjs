import { bootstrap } from './bootstrap.mjs';

bootstrap();
const { main } = await import('../dist/scripts/supply.js');
await main();
