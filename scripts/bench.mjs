/** `npm run bench`: measures the built product on real servers and prints a table. */
import { runTestProgram } from './test-program.mjs';

await runTestProgram('bench');
