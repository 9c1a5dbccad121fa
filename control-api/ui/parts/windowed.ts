import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';

/** Rows above and below what is seen, so that a quick scroll shows no gap. */
const MARGIN = 12;

export interface Window {
  readonly first: number;
  readonly end: number;
}

/** Which of `count` rows of one height are worth drawing; all arithmetic, no measuring of rows. */
export function rowsInView(scrollTop: number, height: number, rowHeight: number, count: number): Window {
  const first = Math.max(0, Math.min(Math.floor(scrollTop / rowHeight) - MARGIN, count - 1));
  const end = Math.min(count, Math.ceil((scrollTop + height) / rowHeight) + MARGIN);
  return { first, end };
}

/** Follows the scroll of a frame, once a painted picture. */
export function useWindow(count: number, rowHeight: number) {
  const frame = useRef<HTMLDivElement>(null);
  const [view, setView] = useState({ top: 0, height: 700 });
  useLayoutEffect(() => {
    const element = frame.current;
    if (element === null) return undefined;
    const look = () => setView({ top: element.scrollTop, height: element.clientHeight });
    let isDue = false;
    const later = () => {
      if (isDue) return;
      isDue = true;
      requestAnimationFrame(() => {
        isDue = false;
        look();
      });
    };
    look();
    const size = new ResizeObserver(later);
    size.observe(element);
    element.addEventListener('scroll', later, { passive: true });
    return () => {
      size.disconnect();
      element.removeEventListener('scroll', later);
    };
  }, []);
  useEffect(() => {
    if (count === 0) frame.current?.scrollTo(0, 0);
  }, [count]);
  return { frame, window: rowsInView(view.top, view.height, rowHeight, count) };
}
