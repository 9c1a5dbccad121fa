import { FakeLapi } from './fake-lapi.ts';
import { rawDecision } from './fake-decision.ts';

/**
 * A LAPI with one key: as the real one, it tells each pull what changed since the last pull, whoever made that. A
 * reply can be held back after it was counted as delivered.
 */
export class PositionedLapi {
  readonly server: FakeLapi;
  /** How often everything was asked for. */
  fullPulls = 0;
  readonly #live = new Map<string, number>();
  #log: { readonly kind: 'new' | 'deleted'; readonly id: number; readonly value: string }[] = [];
  #lastId = 0;
  #held: (() => void) | undefined;
  #holdsNext = false;

  private constructor(server: FakeLapi) {
    this.server = server;
    server.answer = (request, response) => {
      const isFull = request.url?.includes('startup=true') === true;
      const body = JSON.stringify(isFull ? this.#everything() : this.#changes());
      if (!this.#holdsNext) {
        response.end(body);
        return;
      }
      this.#holdsNext = false;
      this.#held = () => void response.end(body);
    };
  }

  static async start(): Promise<PositionedLapi> {
    return new PositionedLapi(await FakeLapi.http());
  }

  ban(value: string): void {
    this.#live.set(value, ++this.#lastId);
    this.#log.push({ kind: 'new', id: this.#lastId, value });
  }

  unban(value: string): void {
    const id = this.#live.get(value);
    if (id === undefined) throw new Error(`the test never banned ${value}`);
    this.#live.delete(value);
    this.#log.push({ kind: 'deleted', id, value });
  }

  /** The next reply is counted as delivered, and arrives when the test says so. */
  holdNext(): void {
    this.#holdsNext = true;
  }

  /** Whether a reply is held back now. */
  get isHolding(): boolean {
    return this.#held !== undefined;
  }

  letGo(): void {
    this.#held?.();
    this.#held = undefined;
  }

  stop(): Promise<void> {
    this.letGo();
    return this.server.stop();
  }

  #everything(): object {
    this.fullPulls++;
    this.#log = [];
    return { new: [...this.#live].map(([value, id]) => rawDecision(id, value)), deleted: [] };
  }

  #changes(): object {
    const [log, of] = [this.#log, (kind: string) => log.filter((change) => change.kind === kind)];
    this.#log = [];
    return {
      new: of('new')
        .filter(({ id, value }) => this.#live.get(value) === id)
        .map(({ id, value }) => rawDecision(id, value)),
      deleted: of('deleted').map(({ id, value }) => rawDecision(id, value, { duration: '-1s' })),
    };
  }
}
