import { describe, expect, it } from 'vitest';
import { readWhole } from '../../bouncer/caddyfile/imports.ts';
import { type Finding, findMove } from '../../bouncer/caddyfile/moving-in.ts';
import { bouncerOptions } from '../../bouncer/config.ts';

const move = (text: string) => findMove(readWhole('Caddyfile', text, () => []));
const plugin = (...options: string[]) => `{\n\tcrowdsec {\n${options.map((line) => `\t\t${line}\n`).join('')}\t}\n}\n`;

function optionOf(line: string): Finding | undefined {
  return move(plugin(line)).findings.find((finding) => finding.line === 3);
}

describe('an option of the plugin', () => {
  it.each([
    ['api_url http://crowdsec:8080', { CROWDSEC_LAPI_URL: 'http://crowdsec:8080' }],
    ['api_url "http://crowdsec:8080/"', { CROWDSEC_LAPI_URL: 'http://crowdsec:8080' }],
    ['api_url `https://crowdsec:8080` # ours', { CROWDSEC_LAPI_URL: 'https://crowdsec:8080' }],
    ['ticker_interval 15s', { CROWDSEC_POLL_INTERVAL: '15s' }],
    ['ticker_interval 1m0s', { CROWDSEC_POLL_INTERVAL: '1m0s' }],
    ['api_key {file./run/secrets/key}', { CROWDSEC_BOUNCER_KEY_FILE: '/run/secrets/key' }],
    ['enable_caddy_error', { BAN_ACTION: 'error' }],
  ])('%s becomes a setting', (line, settings) => {
    expect(optionOf(line)?.settings).toEqual(settings);
  });

  it.each([
    ['api_url {$CROWDSEC_URL}', 'CROWDSEC_LAPI_URL takes the value of CROWDSEC_URL'],
    ['api_url {env.CROWDSEC_URL}', 'CROWDSEC_LAPI_URL takes the value of CROWDSEC_URL'],
    ['api_url http://{$HOST}:8080', 'CROWDSEC_LAPI_URL takes it, with the placeholders replaced by hand'],
    ['api_key {$CROWDSEC_KEY}', 'CROWDSEC_BOUNCER_KEY takes the value of CROWDSEC_KEY'],
    ['api_key {env.CROWDSEC_KEY}', 'CROWDSEC_BOUNCER_KEY takes the value of CROWDSEC_KEY'],
    ['disable_streaming', 'decisions are always streamed'],
    ['enable_hard_fails', 'never stops Caddy'],
    ['metrics_interval 15m', '/metrics'],
    ['enable_caddy_metrics', '/metrics'],
    ['lapi_timeout 5s', 'nothing to set'],
    ['appsec_url http://crowdsec:7422', 'has no counterpart'],
    ['appsec_max_body_bytes 1000', 'has no counterpart'],
    ['appsec_timeout 1s', 'has no counterpart'],
    ['appsec_fail_open', 'has no counterpart'],
  ])('%s is explained', (line, says) => {
    const finding = optionOf(line);
    expect(finding?.says).toContain(says);
    expect(finding?.settings).toBeUndefined();
    expect(finding?.isProblem).toBeUndefined();
  });

  it.each([
    ['api_url crowdsec:8080', 'is no address'],
    ['api_url', 'needs a value'],
    ['ticker_interval soon', 'is no duration'],
    ['ticker_interval 2h', 'is no duration'],
    ['tickr_interval 15s', 'did you mean ticker_interval?'],
    ['something_else', 'is no option of the plugin'],
  ])('%s is a problem', (line, says) => {
    expect(optionOf(line)).toMatchObject({ isProblem: true, says: expect.stringContaining(says) as string });
  });

  it('becomes settings that the bouncer takes', () => {
    const { findings } = move(plugin('api_url http://crowdsec:8080/', 'ticker_interval 1m30s', 'enable_caddy_error'));
    const settings = Object.assign({}, ...findings.map((finding) => finding.settings)) as Record<string, string>;
    expect(Object.keys(settings)).toHaveLength(3);
    for (const [name, value] of Object.entries(settings))
      expect(bouncerOptions[name as keyof typeof bouncerOptions].schema.safeParse(value).success, name).toBe(true);
  });
});

describe('a key', () => {
  const KEY = 'b1946ac92492d2347c6235b4d2611184';

  it.each([
    [`api_key ${KEY}`],
    [`api_key "${KEY}"`],
    [`api_key {$NAME:${KEY}}`],
    [`api_key <<X\n${KEY}\nX`],
    [`api_kee ${KEY}`],
    [`api_key\n${KEY}`],
    [`api_url ${KEY}`],
    [`api_url http://user:${KEY}@crowdsec:8080`],
    [`ticker_interval ${KEY}`],
    [`api_key "${KEY}`],
    [`import nothing ${KEY}`],
  ])('is never shown, wherever it stands: %#', (line) => {
    expect(JSON.stringify(move(plugin(line)))).not.toContain(KEY);
  });
});

describe('what stands around the plugin', () => {
  const of = (text: string) => move(text).findings.map(({ line, shown, says }) => `${line}: ${shown}: ${says}`);

  it('is told line by line', () => {
    expect(of('{\n\torder crowdsec first\n\tadmin off\n}\na.example {\n\tcrowdsec\n\tappsec\n}\n')).toEqual([
      expect.stringMatching(/^2: order crowdsec …: remove the line/),
      expect.stringMatching(/^3: admin …: must go/),
      expect.stringMatching(/^6: crowdsec: remove the line/),
      expect.stringMatching(/^7: appsec: remove the line; it has no counterpart/),
    ]);
  });

  it('where Caddy listens for its master is a setting', () => {
    const [finding] = move('{\n\tadmin unix//run/caddy/admin.sock|0660\n}\n').findings;
    expect(finding?.settings).toEqual({ CADDY_ADMIN: 'unix//run/caddy/admin.sock' });
  });

  it('a handler for a path becomes a policy', () => {
    const [finding] = move('a.example {\n\tcrowdsec /admin/*\n}\n').findings;
    expect(finding?.says).toContain('"vars crowdsec off" and "vars /admin/* crowdsec enforce"');
    const [named] = move('a.example {\n\t@outside not remote_ip 10.0.0.0/8\n\tcrowdsec @outside\n}\n').findings;
    expect(named?.says).toContain('it guarded only what @outside matches');
  });

  it('a site that was not guarded is named, one that already has a policy is not', () => {
    const text =
      'a.example {\n\tcrowdsec\n}\nb.example, c.example {\n\trespond ok\n}\nd.example {\n\tvars crowdsec off\n}\n';
    expect(of(text)).toEqual([
      expect.stringMatching(/^2: crowdsec/),
      expect.stringMatching(/^4: b.example, c.example: is not guarded today and will be/),
    ]);
  });

  it('a matcher of layer 4 has no counterpart', () => {
    const text = '{\n\tlayer4 {\n\t\t:22 {\n\t\t\t@ok crowdsec\n\t\t\troute @ok\n\t\t}\n\t}\n}\n';
    expect(of(text)).toEqual([expect.stringMatching(/^2: layer4 .*firewall bouncer/)]);
  });

  it('of a snippet in many sites is told once', () => {
    expect(of('(guard) {\n\tcrowdsec\n}\na {\n\timport guard\n}\nb {\n\timport guard\n}\n')).toHaveLength(1);
  });

  it('forward_auth is told of when it asks a bouncer, and left alone when it signs people in', () => {
    const ask = (upstream: string, uri: string) => of(`a {\n\tforward_auth ${upstream} {\n\t\turi ${uri}\n\t}\n}`);
    expect(ask('guard:8080', '/api/v1/forwardAuth')).toEqual([expect.stringMatching(/^2: forward_auth …: remove/)]);
    expect(ask('crowdsec-bouncer:8080', '/check')).toHaveLength(1);
    expect(of('a {\n\tforward_auth bouncer:80\n}\nb {\n\trespond ok\n}\n')).toHaveLength(2);
    expect(ask('authelia:9091', '/api/authz/forward-auth')).toEqual([]);
  });

  it('is nothing in a Caddyfile that never heard of CrowdSec', () => {
    expect(of('a.example {\n\treverse_proxy app:3000\n}\n')).toEqual([]);
  });
});
