import { appendFile, mkdir, readFile, rm, symlink, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { CrowdsecServer } from '../../scripts/servers/crowdsec-server.ts';
import type { RedisServer } from '../../scripts/servers/redis-server.ts';
import type { Internet } from '../support/internet/internet.ts';
import { linkedRedis } from '../support/linked-redis.ts';
import { Workbench } from '../support/servers.ts';
import { waitFor } from '../support/wait-for.ts';
import { settingsFor, startInternet } from './control-api-crowdsec.ts';
import { type ApiUnderTest, startApi } from './control-api-under-test.ts';

interface Item {
  type: string;
  name: string;
  status: string;
  version: string;
  local_version?: string;
}
interface Page {
  items: Item[];
  total: number;
  counts: Record<string, number>;
  installed: number;
  next_cursor?: string;
}
interface Changes {
  preview: boolean;
  changes: { action: string; type: string; name: string }[];
  engine?: { kind: string };
}

const CADDY = '/hub/items/collections/crowdsecurity/caddy';

let workbench: Workbench;
let redis: RedisServer;
let crowdsec: CrowdsecServer;
let internet: Internet;
let api: ApiUnderTest;

const page = async (query = '') => (await api.get(`/hub/items${query}`)).body as Page;
const changesOf = (body: unknown) =>
  (body as Changes).changes.map(({ action, type, name }) => `${action} ${type}/${name}`).sort();

/** What cscli itself says is installed: `type/name` → status. */
async function cscliSays(): Promise<Record<string, string>> {
  const list = JSON.parse(await crowdsec.cscli('hub', 'list', '-o', 'json')) as Record<
    string,
    { name: string; status: string }[]
  >;
  return Object.fromEntries(
    Object.entries(list).flatMap(([type, items]) => items.map(({ name, status }) => [`${type}/${name}`, status])),
  );
}

async function weSay(): Promise<Record<string, string>> {
  const { items } = await page('?installed=true&limit=500');
  const words: Record<string, string> = {
    installed: 'enabled',
    update_available: 'enabled,update-available',
    tainted: 'enabled,tainted',
    local: 'enabled,local',
  };
  return Object.fromEntries(items.map(({ type, name, status }) => [`${type}/${name}`, words[status] ?? status]));
}

beforeAll(async () => {
  workbench = await Workbench.open();
  [redis, crowdsec] = await Promise.all([workbench.redis(), workbench.crowdsec()]);
  internet = await startInternet(workbench, crowdsec);
  api = await startApi(workbench, { ...settingsFor(crowdsec), REDIS_URL: redis.url, HTTPS_PROXY: internet.proxyUrl });
  await waitFor(async () => (await api.get('/status')).status === 200, { what: 'the API to reach Redis' });
});

afterEach(() => internet.unreachable.clear());

afterAll(() => workbench.stop());

describe('browsing the Hub', () => {
  it('shows every item of the local index without asking anybody', async () => {
    const found = await page('?limit=500');
    expect(found.total).toBe(found.items.length);
    expect(found.counts).toMatchObject({ collections: 78, parsers: 85, scenarios: 112, postoverflows: 4 });
    expect(internet.hubRequests).toEqual([]);
  });

  it('searches names and descriptions, names first, and filters by type', async () => {
    const found = await page('?q=caddy');
    expect(found.items[0]).toMatchObject({ name: 'crowdsecurity/caddy', type: 'collections' });
    expect(found.items.map(({ name }) => name)).toContain('crowdsecurity/caddy-logs');
    const parsers = await page('?q=caddy&type=parsers');
    expect(new Set(parsers.items.map(({ type }) => type))).toEqual(new Set(['parsers']));
  });

  it('pages through all of it, each item once', async () => {
    const seen: string[] = [];
    let cursor: string | undefined;
    do {
      const found = await page(`?limit=100${cursor === undefined ? '' : `&cursor=${cursor}`}`);
      seen.push(...found.items.map(({ type, name }) => `${type}/${name}`));
      cursor = found.next_cursor;
    } while (cursor !== undefined);
    expect(new Set(seen).size).toBe(seen.length);
    expect(seen.length).toBe((await page()).total);
  });

  it.each(['?limit=0', '?limit=501', '?limit=x', '?type=things', '?cursor=!!', '?installed=maybe', '?unknown=1'])(
    'refuses %s',
    async (query) => {
      expect((await api.get(`/hub/items${query}`)).status).toBe(400);
    },
  );

  it('shows one item with its parts, its words and its content', async () => {
    const { body } = await api.get(CADDY);
    expect(body).toMatchObject({
      name: 'crowdsecurity/caddy',
      status: 'not_installed',
      parts: expect.arrayContaining([
        { type: 'parsers', name: 'crowdsecurity/caddy-logs', status: 'not_installed' },
      ]) as unknown,
      content: expect.stringContaining('crowdsecurity/base-http-scenarios') as string,
      readme: expect.stringContaining('caddy') as string,
    });
  });

  it('has presets in plain words', async () => {
    const { presets } = (await api.get('/hub/presets')).body as { presets: { title: string; state: string }[] };
    const titles = presets.map(({ title }) => title);
    expect(titles).toEqual(expect.arrayContaining(['HTTP Probing', 'Bad User-Agents', 'CVE Exploits', 'Caddy']));
    expect(presets.find(({ title }) => title === 'HTTP Probing')?.state).toBe('not_installed');
    expect(presets.find(({ title }) => title === 'Virtual Patching')?.state).toBe('unavailable');
  });
});

describe('changing what is installed', () => {
  it('previews exactly what installing a collection then does, and agrees with cscli about the result', async () => {
    const previewed = (await api.post(`${CADDY}?preview=true`)).body;
    expect(previewed).toMatchObject({ preview: true });
    expect(changesOf(previewed)).toContain('install parsers/crowdsecurity/caddy-logs');
    expect((await page('?installed=true')).total).toBe(0);

    const done = await api.post(CADDY);
    expect(done.status).toBe(200);
    expect(done.body).toMatchObject({ preview: false, engine: { kind: 'ask_operator' } });
    expect(changesOf(done.body)).toEqual(changesOf(previewed));
    expect(await weSay()).toEqual(await cscliSays());
    expect(await api.get(CADDY)).toMatchObject({ body: { status: 'installed', local_version: '0.1' } });
  });

  it('changes nothing the second time', async () => {
    expect((await api.post(CADDY)).body).toEqual({ preview: false, changes: [] });
  });

  it('tells its progress in the event log', async () => {
    const events = await readEvents();
    expect(events).toContainEqual(
      expect.objectContaining({ kind: 'hub', message: 'hub install crowdsecurity/caddy: started' }),
    );
    expect(events.filter(({ data }) => data?.['state'] === 'progress').length).toBeGreaterThan(3);
    expect(events.at(-1)).toMatchObject({
      message: expect.stringMatching(/^hub install crowdsecurity\/caddy: done, \d+ changes$/) as string,
    });
  });

  it('sees an update, and brings it', async () => {
    const path = join(crowdsec.folders.hub, '.index.json');
    const text = await readFile(path, 'utf8');
    const index = JSON.parse(text) as Record<
      string,
      Record<string, { version: string; versions: Record<string, object> }>
    >;
    const entry = index['scenarios']?.['crowdsecurity/http-probing'];
    if (entry === undefined) throw new Error('the index has changed');
    entry.versions['9.9'] = { digest: '0'.repeat(64), deprecated: false };
    entry.version = '9.9';
    await writeFile(path, JSON.stringify(index));
    expect((await page('?status=update_available')).items).toMatchObject([
      { name: 'crowdsecurity/http-probing', version: '9.9' },
    ]);
    expect(changesOf((await api.post('/hub/upgrade?preview=true')).body)).toEqual([
      'update scenarios/crowdsecurity/http-probing',
    ]);
    await writeFile(path, text);
  });

  it('fetches the newest index', async () => {
    internet.hubRequests.length = 0;
    expect((await api.post('/hub/update')).status).toBe(200);
    expect(internet.hubRequests).toContain('/.index.json');
  });

  it('previews exactly what removing a collection then does', async () => {
    const previewed = changesOf((await api.delete(`${CADDY}?preview=true`)).body);
    expect(previewed).toContain('remove collections/crowdsecurity/caddy');
    const done = await api.delete(CADDY);
    expect(changesOf(done.body)).toEqual(previewed);
    expect(await weSay()).toEqual(await cscliSays());
  });

  it('installs and removes a preset', async () => {
    const installed = await api.post('/hub/presets/http-probing');
    expect(changesOf(installed.body)).toContain('install scenarios/crowdsecurity/http-probing');
    const { presets } = (await api.get('/hub/presets')).body as { presets: { id: string; state: string }[] };
    expect(presets.find(({ id }) => id === 'http-probing')?.state).toBe('installed');
    await api.delete('/hub/presets/http-probing');
    expect(await weSay()).toEqual({});
    expect((await api.post('/hub/presets/nonsense')).body).toMatchObject({ status: 404, code: 'preset_unknown' });
  });

  it('leaves alone what somebody changed, and what is somebody’s own', async () => {
    const scenarios = join(crowdsec.folders.etc, 'scenarios');
    await mkdir(scenarios, { recursive: true });
    const hubFile = join(crowdsec.folders.hub, 'scenarios/crowdsecurity/http-bad-user-agent.yaml');
    const original = await readFile(hubFile);
    await symlink(hubFile, join(scenarios, 'http-bad-user-agent.yaml'));
    await appendFile(hubFile, '\n# mine\n');
    await writeFile(join(scenarios, 'my-own.yaml'), 'type: leaky\nname: me/my-own\n');

    const found = (await page('?installed=true')).items;
    expect(found.map(({ name, status }) => [name, status])).toEqual(
      expect.arrayContaining([
        ['crowdsecurity/http-bad-user-agent', 'tainted'],
        ['my-own.yaml', 'local'],
      ]),
    );
    const item = '/hub/items/scenarios/crowdsecurity/http-bad-user-agent';
    expect((await api.post(item)).body).toMatchObject({ status: 409, code: 'hub_item_tainted' });
    expect((await api.delete(item)).body).toMatchObject({ status: 409, code: 'hub_item_tainted' });
    expect(await readFile(hubFile, 'utf8')).toContain('# mine');

    await unlink(join(scenarios, 'http-bad-user-agent.yaml'));
    await rm(join(scenarios, 'my-own.yaml'));
    await writeFile(hubFile, original);
  });

  it('says that the Hub cannot be reached, changes nothing, and goes on browsing', async () => {
    for (const host of ['hub-cdn.crowdsec.net', 'version.crowdsec.net']) internet.unreachable.add(host);
    const answer = await api.post(CADDY);
    expect(answer.body).toMatchObject({
      status: 502,
      code: 'hub_unreachable',
      hint: expect.stringContaining('HTTPS_PROXY') as string,
    });
    expect((await api.post('/hub/update')).body).toMatchObject({ code: 'hub_unreachable' });
    expect((await page('?installed=true')).total).toBe(0);
    expect((await page('?q=caddy')).total).toBeGreaterThan(0);
  });

  it.each([
    ['/hub/items/collections/crowdsecurity/no-such-thing', 404],
    ['/hub/items/things/crowdsecurity/caddy', 400],
    ['/hub/items/collections/--force/caddy', 400],
    ['/hub/items/collections/crowdsecurity/..%2f..%2fetc', 400],
    ['/hub/items/collections/crowdsecurity/a%0ab', 400],
  ])('refuses %s', async (path, status) => {
    expect((await api.post(path)).status).toBe(status);
  });
});

describe('without cscli or an index', () => {
  it('says which of them is missing', async () => {
    const lost = await startApi(workbench, { ...settingsFor(crowdsec), REDIS_URL: redis.url, CSCLI: '/nowhere/cscli' });
    expect((await lost.post('/hub/update')).body).toMatchObject({
      status: 503,
      code: 'cscli_missing',
      hint: expect.stringContaining('CSCLI') as string,
    });
    expect((await lost.get('/hub/items')).status).toBe(200);
    await lost.stop();
    const empty = await startApi(workbench, { REDIS_URL: redis.url });
    expect((await empty.get('/hub/items')).body).toMatchObject({ status: 503, code: 'hub_index_unavailable' });
    await empty.stop();
  });
});

async function readEvents() {
  const link = await linkedRedis(redis.url);
  const rows = await link.commands.xrange('crowdsec:v1:events', '-', '+');
  link.stop();
  return rows.map(
    ([, fields]) => JSON.parse(fields[1] ?? '') as { kind: string; message: string; data?: Record<string, unknown> },
  );
}
