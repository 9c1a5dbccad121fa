import { Store } from '../store.ts';

/** Whether the API itself answers, and since when it does not. */
class Connection {
  readonly lostAt = new Store<number | undefined>(undefined);

  answered(): void {
    this.lostAt.set(undefined);
  }

  failed(): void {
    if (this.lostAt.value === undefined) this.lostAt.set(Date.now());
  }
}

export const connection = new Connection();
