import { useEffect, useState } from 'preact/hooks';

/** The time, again and again: for durations that tick. One timer a component; it rests while nobody looks. */
export function useNow(everyMs = 1_000): number {
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    const timer = setInterval(() => document.hidden || setNow(Date.now()), everyMs);
    return () => clearInterval(timer);
  }, [everyMs]);
  return now;
}
