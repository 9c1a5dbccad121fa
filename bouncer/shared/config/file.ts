import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { reasonOf } from '../runtime/reason.ts';

/**
 * Reads a `--config` file: YAML (so JSON too), one setting a key, in either case; a list is joined with commas.
 * @throws Error with the path and, for broken YAML, the line.
 */
export function readConfigFile(path: string): Record<string, string> {
  const content = parseYaml(path);
  if (content === null) return {};
  if (typeof content !== 'object' || Array.isArray(content))
    throw new Error(`${path}: expected "SETTING: value" lines`);
  return Object.fromEntries(
    Object.entries(content).map(([name, value]) => [name.toUpperCase(), asText(path, name, value)]),
  );
}

function parseYaml(path: string): unknown {
  const text = readFileSync(path, 'utf8');
  try {
    return parse(text);
  } catch (error) {
    throw new Error(`${path}: ${reasonOf(error)}`, { cause: error });
  }
}

function asText(path: string, name: string, value: unknown): string {
  if (Array.isArray(value)) return value.map((entry) => asText(path, name, entry)).join(',');
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') return String(value);
  if (value === null) return '';
  throw new Error(`${path}: ${name} must be one value or a list, not a group of settings`);
}
