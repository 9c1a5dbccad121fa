import type { ComponentChildren } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { signOut, askForToken, session } from '../api/session.ts';
import { liveState } from '../api/live.ts';
import { useStatus } from '../api/status.ts';
import { Icon } from '../parts/icon.tsx';
import { nextTheme, theme, type Theme } from '../parts/theme.ts';
import { Link } from '../routing/link.tsx';
import { place } from '../routing/location.ts';
import { useStore } from '../store.ts';
import { headline } from '../text/headline.ts';
import { NAVIGATION } from './navigation.ts';
import { OutageNotes } from './outage-notes.tsx';

export function Shell({ children }: { readonly children: ComponentChildren }) {
  const { path } = useStore(place);
  const [isOpen, setOpen] = useState(false);
  const main = useRef<HTMLElement>(null);
  const isFirst = useRef(true);
  useEffect(() => {
    setOpen(false);
    // A new view: the keyboard and the screen reader begin at its start. Not on the first, where they begin anyway.
    if (isFirst.current) isFirst.current = false;
    else main.current?.focus({ preventScroll: true });
  }, [path]);
  return (
    <>
      <a class="skip" href="#main">
        Skip to the content
      </a>
      <header class="top-bar">
        <Brand />
        <button
          class="button plain icon-only"
          type="button"
          aria-label="Menu"
          aria-expanded={isOpen}
          aria-controls="side"
          onClick={() => setOpen(!isOpen)}
        >
          <Icon name={isOpen ? 'cross' : 'menu'} />
        </button>
      </header>
      <div class="shell">
        <aside class="side" id="side" data-open={isOpen} aria-label="Views and state">
          <Brand />
          <Navigation path={path} />
          <SideFoot />
        </aside>
        <main class="main" id="main" ref={main} tabIndex={-1}>
          <OutageNotes />
          {children}
        </main>
      </div>
    </>
  );
}

function Brand() {
  return (
    <Link to="/" class="brand">
      <img src="/favicon.svg" alt="" width="26" height="26" />
      <span>
        CrowdSec<small>for your Caddy</small>
      </span>
    </Link>
  );
}

function Navigation({ path }: { readonly path: string }) {
  return (
    <nav class="nav" aria-label="Views">
      {NAVIGATION.map(({ title, items }) => (
        <div key={title ?? ''}>
          {title === undefined ? null : <div class="nav-title">{title}</div>}
          <ul>
            {items.map((item) => (
              <li key={item.to}>
                <Link to={item.to} current={path === item.to}>
                  <Icon name={item.icon} />
                  {item.title}
                </Link>
              </li>
            ))}
          </ul>
        </div>
      ))}
    </nav>
  );
}

const THEME_WORDS: Readonly<Record<Theme, string>> = { system: 'as the system', light: 'light', dark: 'dark' };

function SideFoot() {
  const live = useStore(liveState);
  const status = useStatus();
  const who = useStore(session);
  const chosen = useStore(theme);
  const shown = status.data === undefined ? undefined : headline(status.data, Date.now());
  return (
    <div class="side-foot">
      <div class="live-mark">
        <span class="dot" data-tone={shown?.tone ?? 'idle'} />
        <span>
          {shown?.state ?? 'Connecting'}
          {live === 'live' ? null : <span class="muted"> · reconnecting</span>}
        </span>
      </div>
      <div class="side-tools">
        <button
          class="button plain icon-only"
          type="button"
          onClick={nextTheme}
          aria-label={`Colours: ${THEME_WORDS[chosen]}`}
          title={`Colours: ${THEME_WORDS[chosen]}`}
        >
          <Icon name={chosen === 'system' ? 'auto' : chosen === 'light' ? 'sun' : 'moon'} />
        </button>
        {who?.signed_in === true ? (
          <button class="button plain small" type="button" onClick={() => void signOut()}>
            <Icon name="exit" />
            Sign out
          </button>
        ) : (
          <button class="button plain small" type="button" onClick={() => void askForToken()}>
            <Icon name="key" />
            Sign in
          </button>
        )}
      </div>
      {/* Both lists are CC BY 4.0, and ask for this. */}
      <p class="sources">
        Networks by{' '}
        <a href="https://db-ip.com" rel="noreferrer" target="_blank">
          DB-IP
        </a>{' '}
        and{' '}
        <a href="https://www.routeviews.org" rel="noreferrer" target="_blank">
          RouteViews
        </a>
      </p>
    </div>
  );
}
