/**
 * `vars crowdsec enforce|monitor|off` in the user's Caddyfile, read back from the JSON that Caddy runs.
 *
 *     a.example.com {                     {"match": [{"host": ["a.example.com"]}], "terminal": true, "handle": [
 *         vars crowdsec monitor             {"handler": "subroute", "routes": [
 *         vars /hook/* crowdsec off           {"handle": [{"handler": "vars", "crowdsec": "monitor"}]},
 *         …                                   {"match": [{"path": ["/hook/*"]}], "handle": [{…"crowdsec": "off"}]}, …
 *
 * What we can read: the routes of a server, and the routes directly inside a site's block. Everything that Caddy
 * evaluates elsewhere (`handle`, `route`, `handle_errors`, …) depends on more than host and path, or comes too late;
 * an annotation there is refused aloud.
 */
import { isPolicy, type Policy } from '../bouncer/shared/domain/policy.ts';
import { annotationsOf, contains, findAnnotations, hostsOf, type Annotation } from './annotations.ts';
import { isObject, listOf, type JsonObject, type ServerConfig } from './config-types.ts';
import { readMatch, type ReadMatch, type SiteMatch } from './site-match.ts';

interface SiteRule {
  /** Any of these; empty: every request of the site. */
  readonly match: readonly SiteMatch[];
  readonly policy: Policy;
}

/** A part of a server that Caddy gives a request to as a whole; the first that matches gets it. */
export interface Site {
  /** Any of these; empty: every request that no earlier site took. */
  readonly match: readonly SiteMatch[];
  /** As Caddy evaluates `vars`: the last rule that matches counts. */
  readonly rules: readonly SiteRule[];
}

/** An annotation that is not honoured. */
export interface Refusal {
  readonly server: string;
  /** The site's hosts; empty for a site without. */
  readonly hosts: readonly string[];
  /** Where it stands in the server's JSON, as the user's own config has it: `routes[2].handle[0]…`. */
  readonly path: string;
  readonly reason: string;
  readonly hint: string;
}

export interface Annotations {
  readonly sites: readonly Site[];
  readonly refused: readonly Refusal[];
  /** The first route that ends requests by a condition we cannot read, while a later site carries an annotation. */
  readonly unreadable: string | undefined;
}

const WHERE_HINT = 'write `vars crowdsec …` directly in the site block, outside of handle, route and handle_errors';
const MATCH_HINT = 'a policy may depend on the site and on paths only: `vars /path/* crowdsec …`';

export function readAnnotations(server: string, config: ServerConfig): Annotations {
  return new AnnotationReader(server, config).read();
}

/** Walks a server's routes as Caddy would for a request, and notes the policies it meets on the way. */
class AnnotationReader {
  readonly #server: string;
  readonly #config: ServerConfig;
  readonly #sites: Site[] = [];
  readonly #refused: Refusal[] = [];
  readonly #seen = new Set<JsonObject>();
  /** Rules of routes that do not end the request: they hold for every site after them. */
  #passing: readonly SiteRule[] = [];
  #unreadable: string | undefined;
  #unreadableMatters = false;

  constructor(server: string, config: ServerConfig) {
    this.#server = server;
    this.#config = config;
  }

  read(): Annotations {
    const routes = listOf(this.#config.routes);
    let rewritten = false;
    for (const [i, route] of routes.entries()) {
      if (!isObject(route)) continue;
      this.#readTopRoute(route, `routes[${i}]`, rewritten);
      rewritten ||= route['terminal'] !== true && contains(route, isRewrite);
    }
    // What is left over of the server is one more site, of everything that no other took.
    if (this.#passing.length > 0) this.#sites.push({ match: [], rules: this.#passing });
    this.#refuseTheRest();
    const unreadable = this.#unreadableMatters ? this.#unreadable : undefined;
    return { sites: this.#sites, refused: this.#refused, unreadable };
  }

  #readTopRoute(route: JsonObject, path: string, rewritten: boolean): void {
    const match = readMatch(route['match']);
    const terminal = route['terminal'] === true;
    const site = { match, hosts: hostsOf(route), rewritten };
    const rules = listOf(route['handle']).flatMap((handler, i) => {
      const at = `${path}.handle[${i}]`;
      const own = this.#rulesOfHandler(handler, { ...site, route, path: at, terminal: false });
      // The site's conditions are the route's own: within it, such a rule is for every request.
      if (terminal)
        return [...own.map(({ policy }) => ({ match: [], policy })), ...this.#rulesOfSite(handler, at, site)];
      return own;
    });
    if (terminal) this.#endSite(match, path, rules);
    else this.#passing = [...this.#passing, ...rules];
  }

  #endSite(match: ReadMatch, path: string, rules: readonly SiteRule[]): void {
    if (match.kind === 'unreadable') {
      this.#unreadable ??= path;
      return;
    }
    this.#unreadableMatters ||= rules.length > 0 && this.#unreadable !== undefined;
    this.#sites.push({ match: match.sets, rules: [...this.#passing, ...rules] });
  }

  /** The routes of a site's block, which the Caddyfile adapter puts into one subroute. */
  #rulesOfSite(subroute: unknown, path: string, site: SiteContext): readonly SiteRule[] {
    if (!isObject(subroute) || subroute['handler'] !== 'subroute') return [];
    const rules: SiteRule[] = [];
    let { rewritten } = site;
    for (const [i, route] of listOf(subroute['routes']).entries()) {
      if (!isObject(route)) continue;
      const match = site.match.kind === 'match' ? readMatch(route['match']) : site.match;
      const terminal = route['terminal'] === true;
      for (const [j, handler] of listOf(route['handle']).entries()) {
        const at = `${path}.routes[${i}].handle[${j}]`;
        rules.push(...this.#rulesOfHandler(handler, { ...site, route, match, path: at, rewritten, terminal }));
      }
      rewritten ||= contains(route, isRewrite);
    }
    return rules;
  }

  #rulesOfHandler(handler: unknown, context: RouteContext): readonly SiteRule[] {
    if (!isObject(handler)) return [];
    const annotations = annotationsOf(handler);
    if (annotations.length > 0) this.#seen.add(handler);
    return annotations.flatMap((annotation) => {
      const judged = judge(annotation, context);
      if ('policy' in judged) return [judged];
      this.#refused.push({ server: this.#server, hosts: context.hosts, path: context.path, ...judged });
      return [];
    });
  }

  /** Every annotation that the walk did not meet stands where no verdict can depend on it. */
  #refuseTheRest(): void {
    for (const { handler, path, hosts } of findAnnotations(this.#config)) {
      if (this.#seen.has(handler)) continue;
      const reason = misplaced(path);
      this.#refused.push({ server: this.#server, hosts, path, reason, hint: WHERE_HINT });
    }
  }
}

interface SiteContext {
  readonly match: ReadMatch;
  readonly hosts: readonly string[];
  /** Whether an earlier route may have changed the path that this one sees. */
  readonly rewritten: boolean;
}

interface RouteContext extends SiteContext {
  readonly route: JsonObject;
  readonly path: string;
  /** Whether the route ends the evaluation of its site, so that later annotations would not count. */
  readonly terminal: boolean;
}

type Judged = SiteRule | Pick<Refusal, 'reason' | 'hint'>;

function judge(annotation: Annotation, { match, route, rewritten, terminal }: RouteContext): Judged {
  const { name, value } = annotation;
  if (name !== 'crowdsec') {
    return { reason: `the name is spelled "${name}"`, hint: 'write `crowdsec`, in lower case' };
  }
  if (!isPolicy(value)) {
    return { reason: `${JSON.stringify(value)} is no policy`, hint: 'use `enforce`, `monitor` or `off`' };
  }
  if (match.kind === 'unreadable') {
    return { reason: `${match.why} must not decide over a ban`, hint: MATCH_HINT };
  }
  if (terminal || (typeof route['group'] === 'string' && route['group'] !== '')) {
    return { reason: 'its route is one of several that exclude each other', hint: WHERE_HINT };
  }
  if (rewritten && match.sets.some(({ path }) => path !== undefined)) {
    return {
      reason: 'its path is compared after a rewrite, but a ban is decided before',
      hint: 'put the annotation before the rewrite',
    };
  }
  return { match: match.sets, policy: value };
}

function misplaced(path: string): string {
  if (path.startsWith('errors')) return 'error routes run after the verdict';
  if (path.startsWith('named_routes')) return 'a named route may be invoked from anywhere';
  return 'it stands inside a block whose conditions we cannot follow';
}

function isRewrite(handler: JsonObject): boolean {
  return handler['handler'] === 'rewrite';
}
