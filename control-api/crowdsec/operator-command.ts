import { commandWords } from './command-words.ts';

export interface Surroundings {
  /** The command line that runs cscli, as it was set. */
  readonly cscli: string;
  /** This process may signal CrowdSec: both are seen by the same machine, or by the same container. */
  readonly sharesProcesses: boolean;
  readonly isInContainer: boolean;
}

/** What makes a CrowdSec of somebody else's read its configuration again, where it runs. */
export function operatorCommand(verb: 'reload' | 'restart', around: Surroundings): string {
  const container = containerCommand(around.cscli);
  if (container !== undefined) return container;
  if (around.sharesProcesses && around.isInContainer) return 'docker compose restart crowdsec';
  return `systemctl ${verb} crowdsec`;
}

/** `docker exec crowdsec cscli` names the container: `docker restart crowdsec`. */
function containerCommand(cscli: string): string | undefined {
  const words = commandWords(cscli) ?? [];
  const exec = words.indexOf('exec');
  const program = words.findIndex((word) => /(^|\/)cscli$/.test(word));
  const name = words[program - 1];
  const isOfContainers = words.slice(0, exec).some((word) => /(^|\/)(docker|podman|nerdctl)$/.test(word));
  if (name === undefined || program - 1 <= exec || !isOfContainers) return undefined;
  const command = [...words.slice(0, exec), 'restart', name];
  return command.every((word) => /^[\w./:@=-]+$/.test(word)) ? command.join(' ') : undefined;
}
