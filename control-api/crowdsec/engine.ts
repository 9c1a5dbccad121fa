/** In the order of a life; an `external` engine is only ever `running` or `unreachable`. */
export const ENGINE_STATES = ['stopped', 'starting', 'running', 'stopping', 'crashed', 'unreachable'] as const;
export type EngineState = (typeof ENGINE_STATES)[number];

export interface EngineStatus {
  readonly mode: 'external' | 'managed';
  readonly state: EngineState;
  /** Since when it has been in this state, as far as this process has seen: ISO 8601. */
  readonly since: string;
  readonly version?: string;
  readonly error?: string;
}

/** CrowdSec, whoever runs it. */
export interface Engine {
  status(): Promise<EngineStatus>;
  /** Brings a managed engine to the wanted state; an external one is left alone. */
  want(running: boolean): void;
  /** Makes it read its configuration and Hub items again. */
  reload(): Promise<EngineReload>;
  stop(): Promise<void>;
}

export type EngineReload =
  | { readonly kind: 'reloaded' }
  /** It reads everything when it runs; `nextStep`: how it comes to that. */
  | { readonly kind: 'not_running'; readonly nextStep: string }
  /** Somebody else runs it: what they have to do. */
  | { readonly kind: 'ask_operator'; readonly command: string };
