import type { Page } from 'playwright-core';

/**
 * Notes, in the page, how long after each input the next frame was painted. A message that is posted from within the
 * frame's callback arrives when that frame has been drawn.
 */
const WATCH = `
  window.paints = [];
  const note = () => {
    const from = performance.now();
    requestAnimationFrame(() => {
      const drawn = new MessageChannel();
      drawn.port1.onmessage = () => { window.paints.push(performance.now() - from); drawn.port1.close(); };
      drawn.port2.postMessage(0);
    });
  };
  for (const kind of ['keydown', 'wheel', 'pointerdown']) addEventListener(kind, note, { capture: true, passive: true });
`;

export async function watchPaints(page: Page): Promise<void> {
  await page.evaluate(WATCH);
}

/** Milliseconds from each input of this work to the next painted frame. */
export async function framesAfter(page: Page, work: () => Promise<void>): Promise<readonly number[]> {
  await page.evaluate('window.paints.length = 0');
  await work();
  // What was begun is drawn two frames later.
  await page.evaluate('new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))');
  const frames = await page.evaluate<number[]>('[...window.paints]');
  if (frames.length === 0) throw new Error('no input of this page was seen, so nothing was measured');
  return frames;
}

/** Bytes in use by JavaScript, what nobody needs collected first. */
export async function heapOf(page: Page): Promise<number> {
  const session = await page.context().newCDPSession(page);
  await session.send('HeapProfiler.collectGarbage');
  await session.send('HeapProfiler.collectGarbage');
  const { usedSize } = await session.send('Runtime.getHeapUsage');
  await session.detach();
  return usedSize;
}
