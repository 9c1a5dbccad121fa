/** Finds in a Caddyfile what blocks for CrowdSec today, and says of each line what becomes of it. */
import { closest, distance } from 'fastest-levenshtein';
import type { Whole } from './imports.ts';
import { type Becomes, PLUGIN_OPTIONS, translateOption } from './plugin-options.ts';
import { readWritten } from './placeholder.ts';
import type { Misread, Statement } from './statements.ts';

export interface Finding extends Becomes {
  readonly file: string;
  readonly line: number;
  /** The line as it may be shown: without a key. */
  readonly shown: string;
}

export interface Move {
  readonly findings: readonly Finding[];
  readonly problems: readonly Misread[];
}

/** Only of these the value is shown, and only when it is one: whatever else stands there may be a key. */
const PUBLIC_VALUES = new Set(['api_url', 'ticker_interval', 'metrics_interval', 'lapi_timeout']);

const REMOVE = 'remove the line';

export function findMove({ statements, problems }: Whole): Move {
  const hasGlobal = statements[0]?.words.length === 0; // a block before any address
  const global = hasGlobal ? (statements[0]?.block ?? []) : [];
  const sites = hasGlobal ? statements.slice(1) : statements;
  const findings = [...global.flatMap(inGlobal), ...sites.flatMap(inSite)];
  const isMoving = sites.some(isGuarded);
  const all = isMoving ? [...findings, ...sites.flatMap(newlyGuarded)] : findings;
  return { findings: all.filter(isFirst), problems };
}

/** A snippet that many sites import is told of once. */
function isFirst({ file, line, says }: Finding, index: number, all: readonly Finding[]): boolean {
  return index === all.findIndex((other) => other.file === file && other.line === line && other.says === says);
}

const at = ({ file, line }: Statement, shown: string, becomes: Becomes): Finding => ({ file, line, shown, ...becomes });

function inGlobal(statement: Statement): Finding[] {
  const [name = '', ...args] = statement.words;
  if (name === 'crowdsec')
    return [
      at(statement, 'crowdsec { … }', { says: 'remove the block, when the sidecar runs and has pushed its rules' }),
      ...(statement.block ?? []).map(pluginOption),
    ];
  if (name === 'order' && (args[0] === 'crowdsec' || args[0] === 'appsec'))
    return [at(statement, `order ${args[0]} …`, { says: `${REMOVE}: the sidecar's rules stand before everything` })];
  if (name === 'admin') return [at(statement, 'admin …', adminBecomes(args[0] ?? ''))];
  if (name === 'layer4' && uses(statement, 'crowdsec'))
    return [
      at(statement, 'layer4 { … crowdsec … }', {
        says: 'has no counterpart: the sidecar guards HTTP. For other ports use a firewall bouncer',
      }),
    ];
  return [];
}

function pluginOption(statement: Statement): Finding {
  const [name = '', value = ''] = statement.words;
  const becomes = translateOption(name, value);
  if (becomes === undefined) {
    const near = closest(name, [...PLUGIN_OPTIONS]);
    const hint = distance(name, near) <= 3 ? `; did you mean ${near}?` : '';
    const shown = /^[a-z_]{1,40}$/.test(name) ? name : '…'; // or a key that slipped into a line of its own
    return at(statement, shown, { says: `is no option of the plugin that is known here${hint}`, isProblem: true });
  }
  const isShown = PUBLIC_VALUES.has(name) && becomes.isProblem !== true && readWritten(value).kind === 'text';
  return at(statement, value === '' ? name : `${name} ${isShown ? value : '…'}`, becomes);
}

/** The bouncer cannot do without Caddy's admin API. */
function adminBecomes(address: string): Becomes {
  if (address === 'off')
    return {
      says: 'must go: the sidecar writes its rules through the admin API; a unix socket keeps others out',
      isProblem: true,
    };
  const written = readWritten(address);
  if (written.kind !== 'text') return { says: 'CADDY_ADMIN takes the same address' };
  return { settings: { CADDY_ADMIN: written.text.replace(/\|\d+$/, '') }, says: 'where the bouncer reaches Caddy' };
}

function inSite(statement: Statement): Finding[] {
  const [name = '', ...args] = statement.words;
  if (name === 'crowdsec' && statement.block === undefined)
    return [at(statement, ['crowdsec', ...args].join(' '), handlerBecomes(args))];
  if (name === 'appsec' && statement.block === undefined)
    return [at(statement, 'appsec', { says: `${REMOVE}; it has no counterpart: the sidecar does no AppSec` })];
  if (name === 'forward_auth' && asksCrowdsec(statement))
    return [
      at(statement, 'forward_auth …', {
        says: 'remove it with its block, and stop the program that it asks, if that is a bouncer for CrowdSec',
      }),
    ];
  return (statement.block ?? []).flatMap(inSite);
}

function handlerBecomes([matcher]: readonly string[]): Becomes {
  if (matcher === undefined || matcher === '*') return { says: `${REMOVE}: every site is guarded without it` };
  if (matcher.startsWith('/'))
    return {
      says: `replace it by the two lines "vars crowdsec off" and "vars ${matcher} crowdsec enforce": without them the whole site is guarded`,
    };
  return {
    says: `${REMOVE}: it guarded only what ${matcher} matches, and the sidecar guards the whole site. Paths can be let through, other conditions cannot: vars /path/* crowdsec off`,
  };
}

/** Programs for forward_auth answer at a path of their own; else their name tells. */
function asksCrowdsec({ words, block = [] }: Statement): boolean {
  const uri = block.find(({ words: [name] }) => name === 'uri')?.words[1] ?? '';
  return /\/forwardauth$/i.test(uri) || [...words, uri].some((word) => /crowdsec|bouncer/i.test(word));
}

/** A site that nobody guards today will be guarded: nobody should learn that from a visitor. */
function newlyGuarded(statement: Statement): Finding[] {
  const { words, block } = statement;
  if (block === undefined || /^[&@]/.test(words[0] ?? '') || isGuarded(statement) || uses(statement, 'crowdsec'))
    return [];
  return [
    at(statement, words.join(' '), {
      says: 'is not guarded today and will be; to leave it as it is, put "vars crowdsec off" into the site',
    }),
  ];
}

/** By a line of its own, or of a block within. */
function isGuarded(statement: Statement): boolean {
  const [name] = statement.words;
  if (name === 'crowdsec') return statement.block === undefined;
  return (name === 'forward_auth' && asksCrowdsec(statement)) || (statement.block ?? []).some(isGuarded);
}

/** Names it anywhere, as a policy of ours does too. */
function uses({ block = [] }: Statement, name: string): boolean {
  return block.some((inner) => inner.words.includes(name) || uses(inner, name));
}
