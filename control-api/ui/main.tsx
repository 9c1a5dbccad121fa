import { render } from 'preact';
import { App } from './app.tsx';
import { applyTheme } from './parts/theme.ts';

const root = document.getElementById('app');
if (root === null) throw new Error('index.html has no #app');
applyTheme();
render(<App />, root);
