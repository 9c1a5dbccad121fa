import { describe, expect, it } from 'vitest';
import { failureFromText } from '../../control-api/enrollment/enrollment-failure.ts';
import { appAlone, json } from './control-api-harness.ts';

const KEY = 'clapi-abc123DEF456';

describe('what cscli says when an enrollment fails', () => {
  it.each([
    ['could not enroll instance: API error: the attachment key provided is not valid', 'invalid_enrollment_key'],
    ['Could not enroll instance: API error: token expired', 'token_expired'],
    ["Instance already enrolled. You can use '--overwrite' to force enroll", 'already_enrolled'],
    [
      'You must configure Central API (CAPI) with `cscli capi register` before enrolling your instance',
      'capi_not_registered',
    ],
    ["no credentials for Central API (CAPI) in '/etc/crowdsec/online_api_credentials.yaml'", 'capi_not_registered'],
    [
      'could not get jwt token: Post "https://api.crowdsec.net/v2/watchers/login": API error: Forbidden',
      'unauthorized',
    ],
    ['could not enroll instance: API error: Unauthorized', 'unauthorized'],
    [
      'Could not enroll instance: Post "http://127.0.0.1:1/v2/watchers/enroll": could not get jwt token: dial tcp 127.0.0.1:1: connect: connection refused',
      'capi_unreachable',
    ],
    [
      'Post "https://api.crowdsec.net/v2/watchers": dial tcp: lookup api.crowdsec.net: no such host',
      'capi_unreachable',
    ],
    ['Post "https://api.crowdsec.net/v2/watchers": Service Unavailable', 'capi_unreachable'],
    ['context deadline exceeded (Client.Timeout exceeded while awaiting headers)', 'timeout'],
    ['Unable to load Local API : open /etc/crowdsec/config.yaml: no such file', 'lapi_unavailable'],
    ['API error: Too Many Requests', 'rate_limited'],
    ['something nobody has seen', 'unknown'],
  ])('%s', (text, reason) => {
    expect(failureFromText(text)).toBe(reason);
  });
});

describe('POST /console/enroll', () => {
  const enroll = (body: unknown) =>
    appAlone().request('/api/v1/cerberus/crowdsec/console/enroll', {
      method: 'POST',
      headers: json,
      body: JSON.stringify(body),
    });

  it.each([
    { enrollment_key: 'short' },
    { enrollment_key: KEY, name: '--overwrite' },
    { enrollment_key: KEY, name: 'a\nb' },
    { enrollment_key: KEY, tags: ['-t'] },
    { enrollment_key: KEY, tags: Array.from({ length: 21 }, () => 'tag') },
    { enrollment_key: KEY, overwrite: 'yes' },
    { enrollment_key: 17 },
    { key: KEY },
  ])('refuses %j before anything runs', async (body) => {
    const response = await enroll(body);
    expect(response.status).toBe(400);
    expect(await response.text()).not.toContain(KEY);
  });
});
