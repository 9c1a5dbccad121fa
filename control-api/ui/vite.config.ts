import preact from '@preact/preset-vite';
import { defineConfig } from 'vite';

/** `vite build control-api/ui`: the page, to be found beside the compiled control API. */
export default defineConfig({
  plugins: [preact({ prefreshEnabled: false, devToolsEnabled: false })],
  build: {
    outDir: '../../dist/control-api/ui',
    emptyOutDir: true,
    target: 'es2022',
    // Nothing inline: the Content-Security-Policy allows files of this server, and no data: URLs.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
});
