import manifest from '../package.json' with { type: 'json' };

/** Of this program, as its User-Agent and its status say it. */
export const VERSION = manifest.version;
