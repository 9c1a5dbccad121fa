import { bootstrap } from './bootstrap.mjs';

bootstrap();
const { main } = await import('../dist/scripts/start.js');
await main();
