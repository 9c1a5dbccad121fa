/** What the API answers about the Hub, as far as the page reads it. */

type HubStatus = 'not_installed' | 'installed' | 'update_available' | 'tainted' | 'local' | 'unavailable';

export interface HubItem {
  readonly type: string;
  readonly name: string;
  readonly author: string;
  readonly description: string;
  readonly version: string;
  readonly local_version?: string;
  readonly status: HubStatus;
  readonly parts: number;
}

export interface HubItemsPage {
  readonly items: readonly HubItem[];
  readonly total: number;
  readonly counts: Readonly<Record<string, number>>;
  readonly installed: number;
  readonly updates: number;
  readonly index_updated_at: string;
  readonly next_cursor?: string;
}

export interface HubPreset {
  readonly id: string;
  readonly title: string;
  readonly description: string;
  readonly state: 'installed' | 'partly_installed' | 'not_installed' | 'unavailable';
  readonly items: readonly { readonly type: string; readonly name: string; readonly status: HubStatus }[];
}

export interface HubChanges {
  readonly preview: boolean;
  readonly changes: readonly {
    readonly type: string;
    readonly name: string;
    readonly action: 'install' | 'update' | 'remove';
  }[];
  /** Whether CrowdSec has read what changed. */
  readonly engine?: {
    readonly kind: 'reloaded' | 'not_running' | 'ask_operator';
    readonly command?: string;
    readonly next_step?: string;
  };
}
