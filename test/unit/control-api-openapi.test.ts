import { describe, expect, it } from 'vitest';
import { Validator } from '@seriousme/openapi-schema-validator';
import { appAlone } from './control-api-harness.ts';

interface Operation {
  summary?: string;
  responses: Record<string, { description?: string; content?: Record<string, { schema?: object }> }>;
  parameters?: { name: string; in: string; required?: boolean; schema?: object }[];
}
interface Document {
  openapi: string;
  info: { title: string; version: string };
  paths: Record<string, Record<string, Operation>>;
  components: { schemas: Record<string, object> };
}

const document = async () => (await (await appAlone().request('/openapi.json')).json()) as Document;

const BASE = '/api/v1/cerberus/crowdsec';

describe('/openapi.json', () => {
  it('is valid OpenAPI 3.1, as a validator of somebody else’s sees it', async () => {
    const validator = new Validator();
    expect(await validator.validate({ ...(await document()) })).toEqual({ valid: true });
    expect(validator.version).toBe('3.1');
  });

  it('has patterns that match what they are meant to match', async () => {
    const patterns = [...JSON.stringify(await document()).matchAll(/"pattern":("(?:[^"\\\\]|\\\\.)*")/g)].map(
      ([, text = '""']) => JSON.parse(text) as string,
    );
    expect(patterns.length).toBeGreaterThan(5);
    for (const pattern of patterns) {
      expect(() => new RegExp(pattern, 'u')).not.toThrow();
      expect(pattern).toMatch(/\$$/); // the end of the text, and no flags of JavaScript after it
    }
  });

  it('promises whoever bans the ids that would lift it again', async () => {
    const { schemas } = (await document()).components;
    expect(JSON.stringify(schemas['BanReply'])).toMatch(/"required":\["added","ids",/);
  });

  it('describes every documented address of the API', async () => {
    const { paths } = await document();
    const all = Object.entries(paths).flatMap(([path, operations]) =>
      Object.keys(operations).map((method) => `${method.toUpperCase()} ${path.replace(BASE, '')}`),
    );
    expect(all).toEqual(
      expect.arrayContaining([
        'GET /status',
        'PUT /enabled',
        'PUT /policy',
        'GET /hub/items',
        'POST /hub/items/{type}/{author}/{name}',
        'DELETE /hub/items/{type}/{author}/{name}',
        'POST /hub/update',
        'POST /hub/upgrade',
        'GET /hub/presets',
        'POST /console/enroll',
        'GET /console/status',
        'DELETE /console/enrollment',
        'POST /console/heartbeat',
        'GET /diagnostics/connectivity',
        'GET /diagnostics/config',
        'GET /allowlist',
        'POST /allowlist',
        'DELETE /allowlist',
        'GET /alerts',
        'GET /events',
        'GET /healthz',
        'GET /readyz',
      ]),
    );
  });

  it('says for each what it does, what it answers, and how it fails', async () => {
    const { paths } = await document();
    for (const [path, operations] of Object.entries(paths)) {
      for (const [method, { summary, responses, parameters = [] }] of Object.entries(operations)) {
        const where = `${method} ${path}`;
        expect([where, summary?.length ?? 0]).toEqual([where, expect.toSatisfy((length: number) => length > 10)]);
        expect([where, Object.values(responses).every(({ description }) => Boolean(description))]).toEqual([
          where,
          true,
        ]);
        if (path.startsWith(BASE)) {
          expect([where, Object.keys(responses['default']?.content ?? {})]).toEqual([
            where,
            ['application/problem+json'],
          ]);
        }
        const named = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
        const inPath = parameters.filter((parameter) => parameter.in === 'path');
        expect([where, inPath.map(({ name }) => name).sort()]).toEqual([where, named.sort()]);
        expect([where, inPath.every(({ required }) => required)]).toEqual([where, true]);
      }
    }
  });

  it('refers only to shapes that it holds', async () => {
    const whole = await document();
    const references = [...JSON.stringify(whole).matchAll(/"\$ref":"#\/components\/schemas\/([^"]+)"/g)];
    expect(references.length).toBeGreaterThan(10);
    for (const [, name = ''] of references) expect(Object.keys(whole.components.schemas)).toContain(name);
    expect(whole.openapi).toBe('3.1.0');
  });
});
