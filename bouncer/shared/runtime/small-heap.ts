import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/*
 * V8 lets its young generation grow to tens of megabytes while a program allocates quickly, as ours does for a second
 * at each complete pull, and then keeps it. A daemon that holds a hundred thousand decisions needs 50 MB; without this
 * it stays at 180. Set before anything else is loaded, since the heap grows while modules load.
 */
setFlagsFromString('--semi-space-growth-factor=1');
setFlagsFromString('--min-semi-space-size=1'); // MB
setFlagsFromString('--max-semi-space-size=1');
setFlagsFromString('--expose-gc');

/*
 * undici parses HTTP with a state machine in WebAssembly. Optimizing it takes V8 a second of a core and 35 MB, for the
 * few headers that a bouncer reads; the code that V8 makes at first is quick enough.
 */
setFlagsFromString('--no-wasm-tier-up');
setFlagsFromString('--no-wasm-dynamic-tiering');

/** Long enough after a large change that what it left behind is garbage: pushed, written, and told. */
const SETTLED_MS = 5_000;

let timer: NodeJS.Timeout | undefined;

/**
 * Gives back what a large change left behind. An idle daemon allocates so little that V8 would collect it hours later;
 * a collection takes some 30 ms at a hundred thousand decisions.
 */
export function giveBackMemorySoon(): void {
  clearTimeout(timer);
  const collect = runInNewContext('gc') as () => void;
  timer = setTimeout(() => collect(), SETTLED_MS).unref();
}
