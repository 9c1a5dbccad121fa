/** `npm run test:soak`: a long time in a short one, and what goes on growing in it. */
import { runTestProgram } from './test-program.mjs';

await runTestProgram('soak');
