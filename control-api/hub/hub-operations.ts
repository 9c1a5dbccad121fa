import type { Logger } from '../../bouncer/shared/runtime/logger.ts';
import type { Cscli, CscliFailure } from '../crowdsec/cscli.ts';
import { cscliMessages } from '../crowdsec/cscli-messages.ts';
import type { Engine, EngineReload } from '../crowdsec/engine.ts';
import type { EventWriter } from '../events/event-writer.ts';
import type { HubIndex } from './hub-index.ts';
import type { HubItem, HubRef } from './hub-item.ts';
import { difference, type HubChange } from './hub-plan.ts';

export type HubOperation =
  | { readonly kind: 'install' | 'remove'; readonly items: readonly HubRef[] }
  | { readonly kind: 'update' }
  | { readonly kind: 'upgrade' };

export type HubOutcome =
  | {
      readonly kind: 'done';
      readonly changes: readonly HubChange[];
      /** Nothing is read again where nothing changed. */
      readonly reload: EngineReload | undefined;
    }
  | {
      readonly kind: 'failed';
      readonly failure: CscliFailure;
      readonly isHubUnreachable: boolean;
      /** What had changed already when it failed. */
      readonly changes: readonly HubChange[];
    };

/** A collection of a hundred files through a slow proxy. */
const OPERATION_MS = 300_000;

const UNREACHABLE =
  /setting hub branch|failed to download|while downloading|unable to retrieve latest crowdsec version|failed to update hub|dial tcp|no such host|proxyconnect|Service Unavailable|deadline exceeded/i;

export interface HubPorts {
  readonly hub: HubIndex;
  readonly cscli: Cscli;
  readonly engine: Engine;
  readonly events: EventWriter;
  readonly log: Logger;
}

/** Changes to what is installed, one at a time, through cscli; the engine reads them afterwards. */
export class HubOperations {
  readonly #ports: HubPorts;
  #last: Promise<unknown> = Promise.resolve();

  constructor(ports: HubPorts) {
    this.#ports = ports;
  }

  run(operation: HubOperation): Promise<HubOutcome> {
    const next = this.#last.then(() => this.#run(operation));
    this.#last = next.catch(() => undefined);
    return next;
  }

  async #run(operation: HubOperation): Promise<HubOutcome> {
    const { events, log, engine } = this.#ports;
    const title = titleOf(operation);
    events.write('hub', `${title}: started`, { state: 'started' });
    const before = await this.#items();
    let failure: CscliFailure | undefined;
    for (const args of commandsOf(operation)) {
      const result = await this.#ports.cscli.run(args, {
        timeoutMs: OPERATION_MS,
        onLine: (line) => this.#progress(title, line),
      });
      if (result.kind === 'ok') continue;
      failure = result;
      break;
    }
    // A first index shows what has been installed all along: it did not install it.
    const changes = before === undefined ? [] : difference(before, (await this.#items()) ?? before);
    const reload = changes.length > 0 ? await engine.reload() : undefined;
    if (failure === undefined) {
      events.write('hub', `${title}: done, ${changes.length} changes`, { state: 'done', changes });
      log.info({ changes: changes.length }, `${title}: done`);
      return { kind: 'done', changes, reload };
    }
    events.write('hub', `${title}: failed: ${failure.message}`, { state: 'failed', changes });
    log.error({ failure: failure.kind }, `${title}: failed: ${failure.message}`);
    return { kind: 'failed', failure, isHubUnreachable: UNREACHABLE.test(failure.message), changes };
  }

  #progress(title: string, line: string): void {
    for (const { text } of cscliMessages(line))
      this.#ports.events.write('hub', `${title}: ${text}`, { state: 'progress' });
  }

  async #items(): Promise<ReadonlyMap<string, HubItem> | undefined> {
    const catalog = await this.#ports.hub.catalog();
    return catalog.kind === 'ok' ? catalog.items : undefined;
  }
}

function titleOf(operation: HubOperation): string {
  if (operation.kind === 'update') return 'hub update';
  if (operation.kind === 'upgrade') return 'hub upgrade';
  return `hub ${operation.kind} ${operation.items.map(({ name }) => name).join(', ')}`;
}

/** Never with `--force`: what somebody changed stays as it is. */
function commandsOf(operation: HubOperation): string[][] {
  if (operation.kind === 'update') return [['hub', 'update']];
  if (operation.kind === 'upgrade') return [['hub', 'upgrade']];
  return operation.items.map(({ type, name }) => [type, operation.kind, name]);
}
