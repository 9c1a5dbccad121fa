import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { curlLine } from '../../control-api/ui/text/curl.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

describe('the command line of an action', () => {
  it('can be pasted as it is where the API made the token: it reads the file', () => {
    const path = join(temporaryFolder("it's here"), 'control-api-token');
    writeFileSync(path, 'the-token\n');
    const line = curlLine('http://127.0.0.1:8080', { method: 'DELETE', path: '/x?value=::1' }, path);
    const words = execFileSync('sh', ['-c', line.replace(/^curl/, String.raw`printf '%s\n'`)], { encoding: 'utf8' });
    expect(words.trimEnd().split('\n')).toEqual([
      '-X',
      'DELETE',
      '-H',
      'Authorization: Bearer the-token',
      'http://127.0.0.1:8080/x?value=::1',
    ]);
  });
});
