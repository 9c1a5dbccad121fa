import { useCallback, useEffect } from 'preact/hooks';
import { Store, useStore } from '../store.ts';
import { changes } from './live.ts';
import { ApiProblem, send } from './request.ts';

/** What was last known of a path, and how asking for it went since: an outage never blanks what is on screen. */
interface Known {
  readonly data: unknown;
  /** When `data` was true. */
  readonly at: number | undefined;
  readonly problem: ApiProblem | undefined;
}

export interface Resource<T> extends Known {
  readonly data: T | undefined;
  readonly reload: () => Promise<void>;
}

const NOTHING: Known = { data: undefined, at: undefined, problem: undefined };

/** One path, whoever shows it: asked once for all of them. */
class SharedResource {
  readonly known = new Store<Known>(NOTHING);
  readonly #path: string;
  #underWay: Promise<void> | undefined;
  #users = 0;
  #timer: ReturnType<typeof setInterval> | undefined;

  constructor(path: string) {
    this.#path = path;
  }

  use(everyMs: number | undefined): () => void {
    if (this.#users++ === 0 && everyMs !== undefined) {
      this.#timer = setInterval(() => document.hidden || void this.reload(), everyMs);
    }
    void this.reload();
    return () => {
      if (--this.#users === 0) clearInterval(this.#timer);
    };
  }

  get isUsed(): boolean {
    return this.#users > 0;
  }

  reload(): Promise<void> {
    this.#underWay ??= this.#ask().finally(() => (this.#underWay = undefined));
    return this.#underWay;
  }

  async #ask(): Promise<void> {
    try {
      const data = await send<unknown>({ method: 'GET', path: this.#path });
      this.known.set({ data, at: Date.now(), problem: undefined });
    } catch (error) {
      if (!(error instanceof ApiProblem)) throw error;
      this.known.set({ ...this.known.value, problem: error });
    }
  }
}

/** Kept over views: going back shows at once what was there. Bounded, since searches make paths. */
const resources = new Map<string, SharedResource>();
const MOST_RESOURCES = 60;

function resourceAt(path: string): SharedResource {
  const found = resources.get(path);
  if (found !== undefined) return found;
  const made = new SharedResource(path);
  resources.set(path, made);
  const unused = [...resources].find(([, resource]) => resource !== made && !resource.isUsed);
  if (resources.size > MOST_RESOURCES && unused !== undefined) resources.delete(unused[0]);
  return made;
}

export interface ResourceOptions {
  readonly everyMs?: number;
  /** Asked again when an event of one of these kinds arrives; `*` for any. */
  readonly kinds?: readonly string[];
}

/** A GET that is repeated, and asked again as soon as the event stream tells of something. */
export function useResource<T>(path: string, { everyMs, kinds }: ResourceOptions = {}): Resource<T> {
  const resource = resourceAt(path);
  const known = useStore(resource.known);
  const reload = useCallback(() => resource.reload(), [resource]);
  useEffect(() => resource.use(everyMs), [resource, everyMs]);
  const kindList = kinds?.join(' ') ?? '';
  useEffect(
    () =>
      changes.follow((kind) => {
        if (kind === 'reconnected' || kindList === '*' || kindList.split(' ').includes(kind)) void resource.reload();
      }),
    [resource, kindList],
  );
  return { ...known, data: known.data as T | undefined, reload };
}
