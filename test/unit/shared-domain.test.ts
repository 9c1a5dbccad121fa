import { describe, expect, it } from 'vitest';
import { commandSchema } from '../../bouncer/shared/domain/command.ts';
import { originKind } from '../../bouncer/shared/domain/decision.ts';
import { eventSchema } from '../../bouncer/shared/domain/event.ts';
import { lookupSchema } from '../../bouncer/shared/domain/lookup.ts';
import { isPolicy } from '../../bouncer/shared/domain/policy.ts';
import { storedSettingsSchema } from '../../bouncer/shared/domain/settings.ts';
import { bouncerStatusSchema } from '../../bouncer/shared/domain/status.ts';
import { bouncerStatus, caddyStatus } from './control-api-bouncers.ts';

describe('where a decision comes from', () => {
  it.each([
    ['CAPI', 'community'],
    ['capi', 'community'],
    ['lists', 'lists'],
    ['lists:firehol_cruzit_web_attacks', 'lists'],
    ['LISTS:tor', 'lists'],
    ['crowdsec', 'local'],
    ['cscli', 'local'],
    ['cscli-import', 'local'],
    ['console', 'local'],
    // Names that merely look like those two: somebody's own origin is local.
    ['listserv', 'local'],
    ['my-lists', 'local'],
    ['my lists:tor', 'local'],
    ['capital', 'local'],
    ['', 'local'],
  ])('is said in a word: %j is %s', (origin, kind) => expect(originKind(origin)).toBe(kind));
});

describe('a policy', () => {
  it.each(['enforce', 'monitor', 'off'])('may be %s', (policy) => expect(isPolicy(policy)).toBe(true));

  it.each(['', 'Enforce', 'on', 'enforce ', undefined, null, true, 0, ['off']])('is never %j', (value) =>
    expect(isPolicy(value)).toBe(false),
  );
});

describe('what one process reads of another', () => {
  it('may lack settings that nobody ever set: they are not "default"', () => {
    expect(storedSettingsSchema.parse({})).toEqual({});
    expect(storedSettingsSchema.parse({ enabled: false, policy: 'off', change: 'c1' })).toEqual({
      enabled: false,
      policy: 'off',
      change: 'c1',
    });
  });

  it.each([{ enabled: 'false' }, { policy: 'on' }, { change: 'x'.repeat(65) }])(
    'has settings that mean something, or none: not %j',
    (settings) => expect(storedSettingsSchema.safeParse(settings).success).toBe(false),
  );

  it.each([
    { kind: 'settings' },
    { kind: 'refresh' },
    { kind: 'refresh', ask: 'a1', full: true },
    { kind: 'refreshed', ask: 'a1', error: 'LAPI is gone' },
    { kind: 'resync' },
    { kind: 'published' },
    { kind: 'lease' },
  ])('may be the command %j', (command) => expect(commandSchema.parse(command)).toEqual(command));

  it.each([{ kind: 'shutdown' }, { kind: 'refreshed' }, { kind: 'refresh', full: 'yes' }, {}, 'resync'])(
    'is never the command %j',
    (command) => expect(commandSchema.safeParse(command).success).toBe(false),
  );

  it('has events with a time, a speaker, a kind and words', () => {
    const event = { at: '2026-01-01T00:00:00.000Z', by: 'b1', kind: 'push', message: 'pushed', data: { ms: 3 } };
    expect(eventSchema.parse(event)).toEqual(event);
    expect(eventSchema.safeParse({ ...event, at: 'yesterday' }).success).toBe(false);
  });

  it('answers a look-up with one of three verdicts', () => {
    const answer = {
      verdict: 'banned',
      because: 'crowdsec asks for a ban',
      enabled: true,
      policy: 'enforce',
      decisions: [],
      allowed_by: [],
      caddies: [{ admin: 'http://127.0.0.1:2019', enforced: 'pending' }],
    };
    expect(lookupSchema.parse(answer)).toEqual(answer);
    expect(lookupSchema.safeParse({ ...answer, verdict: 'maybe' }).success).toBe(false);
    expect(lookupSchema.safeParse({ ...answer, caddies: [{ admin: 'x', enforced: 'perhaps' }] }).success).toBe(false);
  });
});

describe('what a bouncer says of itself', () => {
  it('is read as it is written, also by an older version that says less', () => {
    const status = bouncerStatus({
      caddies: [
        caddyStatus({ lane: { state: 'proven', entries: 2 }, revision: 'r1', last_push_at: '2026-01-01T00:00:00Z' }),
      ],
      stream: { role: 'follower', leader: 'two' },
    });
    expect(bouncerStatusSchema.parse(status)).toEqual(status);
    expect(bouncerStatusSchema.parse(bouncerStatus())).toEqual(bouncerStatus());
  });

  it.each([
    ['a state that nobody knows', { state: 'fine' }],
    ['fewer than no decisions', { decisions: { total: -1, local: 0, community: 0, lists: 0 } }],
    ['half an address', { enforced: { addresses: 0.5, ranges: 0, exceptions: 0 } }],
    ['a Caddy in a state that nobody knows', { caddies: [{ ...caddyStatus(), state: 'idle' }] }],
    ['a time that is none', { updated_at: 'now' }],
    ['no settings', { settings: undefined }],
  ])('never has %s', (_, changes) => {
    expect(bouncerStatusSchema.safeParse({ ...bouncerStatus(), ...changes }).success).toBe(false);
  });
});
