import { existsSync } from 'node:fs';
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';

/** Debian's own: nothing is downloaded. */
export const CHROMIUM = '/usr/bin/chromium';

const FLAGS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

export type Theme = 'light' | 'dark';

export interface OpenOptions {
  readonly theme?: Theme;
  readonly width?: number;
  readonly height?: number;
}

/** A page that remembers everything that a person would have found in its console, and where it sent requests. */
export interface WatchedPage {
  readonly page: Page;
  /** Errors and warnings of the console, and exceptions; a status that the page handles is none. */
  readonly complaints: readonly string[];
  /** Hosts that were asked for anything. */
  readonly hosts: ReadonlySet<string>;
  close(): Promise<void>;
}

export class TestBrowser {
  readonly #browser: Browser;

  private constructor(browser: Browser) {
    this.#browser = browser;
  }

  /** @throws Error that says what to install: a page that no browser saw is not tested. */
  static async start(): Promise<TestBrowser> {
    if (!existsSync(CHROMIUM)) {
      throw new Error(`${CHROMIUM} is missing, so the page cannot be tested: apt-get install chromium`);
    }
    return new TestBrowser(await chromium.launch({ executablePath: CHROMIUM, args: FLAGS }));
  }

  async open(options: OpenOptions = {}): Promise<WatchedPage> {
    const { theme = 'light', width = 1280, height = 860 } = options;
    const context = await this.#browser.newContext({
      viewport: { width, height },
      colorScheme: theme,
      reducedMotion: 'reduce',
      locale: 'en-GB',
      permissions: ['clipboard-read', 'clipboard-write'],
    });
    return watch(context, await context.newPage());
  }

  async stop(): Promise<void> {
    await this.#browser.close();
  }
}

function watch(context: BrowserContext, page: Page): WatchedPage {
  const complaints: string[] = [];
  const hosts = new Set<string>();
  page.on('console', (message) => {
    const isComplaint = message.type() === 'error' || message.type() === 'warning';
    // The browser itself notes each answer of 4xx and 5xx; what the page makes of them is what is tested.
    if (isComplaint && !message.text().startsWith('Failed to load resource')) complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('request', (request) => hosts.add(new URL(request.url()).host));
  return { page, complaints, hosts, close: () => context.close() };
}
