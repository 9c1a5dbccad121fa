import type { ConfigInput } from '../load-config.ts';
import { askDaemon } from './daemon-client.ts';
import { EXIT_FAILED, printError, withConfig } from './output.ts';

/** For containers, which have no curl. */
export function healthcheck(input: ConfigInput): Promise<number> {
  return withConfig(input, async (config) => {
    const reply = await askDaemon(config, '/healthz');
    if (reply.kind === 'reply' && reply.status === 200) return 0;
    printError(reply.kind === 'gone' ? reply.message : `the bouncer answers ${reply.status}`);
    return EXIT_FAILED;
  });
}
