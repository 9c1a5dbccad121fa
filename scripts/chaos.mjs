/** `npm run test:chaos`: faults and changes in a random order, while every answer of Caddy is checked. */
import { runTestProgram } from './test-program.mjs';

await runTestProgram('chaos');
