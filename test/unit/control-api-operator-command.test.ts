import { describe, expect, it } from 'vitest';
import { operatorCommand, type Surroundings } from '../../control-api/crowdsec/operator-command.ts';

const onMachine = { cscli: 'cscli', sharesProcesses: false, isInContainer: false };

describe('what makes somebody else’s CrowdSec read its files again', () => {
  const cases: readonly (readonly [string, Partial<Surroundings>, string])[] = [
    ['a service', {}, 'systemctl reload crowdsec'],
    ['a service, seen from a container', { isInContainer: true }, 'systemctl reload crowdsec'],
    ['a service that may be signalled', { sharesProcesses: true }, 'systemctl reload crowdsec'],
    [
      'a container that shares its processes with ours',
      { sharesProcesses: true, isInContainer: true },
      'docker compose restart crowdsec',
    ],
    ['a container of Docker’s', { cscli: 'docker exec my-crowdsec cscli' }, 'docker restart my-crowdsec'],
    [
      'one that takes options',
      { cscli: 'sudo /usr/bin/docker exec -i -u root cs /usr/local/bin/cscli -c /x.yaml' },
      'sudo /usr/bin/docker restart cs',
    ],
    [
      'a service of Compose',
      { cscli: 'docker compose -f /srv/compose.yml exec -T crowdsec cscli' },
      'docker compose -f /srv/compose.yml restart crowdsec',
    ],
    ['a container of Podman’s', { cscli: 'podman exec crowdsec cscli' }, 'podman restart crowdsec'],
    ['what is no container', { cscli: 'ssh exec crowdsec cscli' }, 'systemctl reload crowdsec'],
    ['a name that a shell would read otherwise', { cscli: "docker exec 'a;b' cscli" }, 'systemctl reload crowdsec'],
    ['a name that is missing', { cscli: 'docker exec cscli' }, 'systemctl reload crowdsec'],
    ['no cscli at all', { cscli: 'docker exec crowdsec something' }, 'systemctl reload crowdsec'],
  ];
  it.each(cases)('%s', (_what, around, command) => {
    expect(operatorCommand('reload', { ...onMachine, ...around })).toBe(command);
  });

  it('is a restart of a service that would end on a signal', () => {
    expect(operatorCommand('restart', onMachine)).toBe('systemctl restart crowdsec');
  });
});
