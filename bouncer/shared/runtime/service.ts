import type { Logger } from './logger.ts';

/** A part of a process that runs until it is stopped. */
export interface Service {
  readonly name: string;
  /** Resolves when the part is under way, not when it has succeeded: what it waits for may be gone for hours. */
  start(): Promise<void> | void;
  stop(): Promise<void> | void;
}

/** No part may hold up the stop of the others for longer. */
const STOP_LIMIT_MS = 10_000;

/** Starts in order; stops in reverse, each within a time limit, whatever the others did. */
export class ServiceGroup {
  readonly #services: readonly Service[];
  readonly #started: Service[] = [];
  readonly #log: Logger;

  constructor(services: readonly Service[], log: Logger) {
    this.#services = services;
    this.#log = log;
  }

  async start(): Promise<void> {
    for (const service of this.#services) {
      this.#started.unshift(service);
      await service.start();
    }
  }

  async stop(): Promise<void> {
    for (const service of this.#started.splice(0)) {
      try {
        await withLimit(service.stop(), STOP_LIMIT_MS);
      } catch (error) {
        this.#log.warn({ error, service: service.name }, 'a part did not stop in order');
      }
    }
  }
}

async function withLimit(work: Promise<void> | void, limitMs: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`still not stopped after ${limitMs} ms`)), limitMs);
  });
  try {
    await Promise.race([work, limit]);
  } finally {
    clearTimeout(timer);
  }
}
