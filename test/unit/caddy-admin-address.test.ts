import { describe, expect, it } from 'vitest';
import { parseAdminAddress } from '../../caddy/admin-address.ts';

describe('addresses of the admin API', () => {
  it.each([
    ['http://127.0.0.1:2019', 'http://127.0.0.1:2019'],
    [' http://127.0.0.1:2019/ ', 'http://127.0.0.1:2019'],
    ['http://caddy', 'http://caddy:2019'],
    ['http://caddy:80', 'http://caddy:80'],
    ['localhost:2020', 'http://localhost:2020'],
    ['tcp/localhost:2020', 'http://localhost:2020'],
    ['http://[::1]:2019', 'http://[::1]:2019'],
    ['http://[::1]', 'http://[::1]:2019'],
  ])('%s', (text, origin) => {
    expect(parseAdminAddress(text)).toMatchObject({ kind: 'address', address: { kind: 'tcp', origin } });
  });

  it.each([
    ['unix//run/caddy/admin.sock', '/run/caddy/admin.sock'],
    ['unix:///run/caddy/admin.sock', '/run/caddy/admin.sock'],
  ])('%s', (text, path) => {
    expect(parseAdminAddress(text)).toMatchObject({ kind: 'address', address: { kind: 'unix', path } });
  });

  it.each([
    ['', /no address/],
    ['http://', /no address/],
    ['unix/relative.sock', /absolute/],
    ['unix//run/admin.sock|0660', /file mode/],
    ['https://caddy:2019', /"https:" is not spoken/],
    ['http://caddy:2019/config', /end after the port/],
    ['http://caddy:99999', /no address/],
  ])('refuses "%s", naming it and a good one', (text, why) => {
    const parsed = parseAdminAddress(text);
    expect(parsed).toMatchObject({ kind: 'invalid', message: expect.stringMatching(why) as string });
    expect(parsed).toMatchObject({ message: expect.stringContaining('http://127.0.0.1:2019') as string });
  });

  it('never repeats a password', () => {
    const parsed = parseAdminAddress('http://admin:hunter2@caddy:2019');
    expect(parsed.kind).toBe('invalid');
    expect(JSON.stringify(parsed)).not.toContain('hunter2');
  });
});
