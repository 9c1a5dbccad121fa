import { useEffect } from 'preact/hooks';
import { followLive } from './api/live.ts';
import { loadSession, session, tokenWanted } from './api/session.ts';
import { connection } from './api/connection.ts';
import { isViewPath, type ViewPath } from '../page/view-paths.ts';
import { NotFoundPage } from './pages/not-found-page.tsx';
import { SignInDialog, SignInPage } from './pages/sign-in.tsx';
import { PAGES } from './pages/pages.ts';
import { Toasts } from './parts/toasts.tsx';
import { place } from './routing/location.ts';
import { Shell } from './shell/shell.tsx';
import { useStore } from './store.ts';

const RETRY_MS = 2_000;

export function App() {
  const known = useStore(session);
  const wanted = useStore(tokenWanted);
  const lostAt = useStore(connection.lostAt);
  const { path } = useStore(place);
  useEffect(() => {
    if (known !== undefined) return;
    const load = () => void loadSession().catch(() => connection.failed());
    load();
    const timer = setInterval(load, RETRY_MS);
    return () => clearInterval(timer);
  }, [known]);
  const mayRead = known !== undefined && (known.signed_in || known.needed_for === 'changes');
  useEffect(() => {
    if (mayRead) void followLive();
  }, [mayRead]);
  if (known === undefined) return lostAt === undefined ? null : <Unreachable />;
  return (
    <>
      {mayRead ? <Shell>{pageAt(path)}</Shell> : <SignInPage session={known} />}
      {mayRead && wanted !== undefined ? <SignInDialog session={known} onEnd={wanted} /> : null}
      <Toasts />
    </>
  );
}

function pageAt(path: string) {
  if (!isViewPath(path)) return <NotFoundPage />;
  const Page = PAGES[path satisfies ViewPath];
  return <Page key={path} />;
}

function Unreachable() {
  return (
    <main class="sign-in">
      <div class="card">
        <h1>The control API does not answer</h1>
        <p class="muted">Caddy keeps blocking meanwhile. This page goes on as soon as the API is back.</p>
      </div>
    </main>
  );
}
