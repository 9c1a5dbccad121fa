import { setFlagsFromString } from 'node:v8';

/*
 * V8 lets its young generation grow to tens of megabytes while a program allocates quickly, as ours does for a second
 * at each complete pull, and then keeps it. A daemon that holds a hundred thousand decisions needs 50 MB; without this
 * it stays at 180. Imported before everything else, since the heap grows while modules load.
 */
setFlagsFromString('--semi-space-growth-factor=1');
setFlagsFromString('--min-semi-space-size=1'); // MB
setFlagsFromString('--max-semi-space-size=1');
