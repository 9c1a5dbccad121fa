/** The IP set's bench as a program: what runs in the same process decides how V8 compiles what they share. */
import { benchIpSet } from './ipset.ts';

process.stdout.write(JSON.stringify(await benchIpSet()));
