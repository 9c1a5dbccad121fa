import { Problem } from '../http/problem.ts';
import type { HubOutcome } from '../hub/hub-operations.ts';
import type { HubPlan } from '../hub/hub-plan.ts';

export function hubUnavailable(message: string, hint: string): Problem {
  return new Problem({
    status: 503,
    code: 'hub_index_unavailable',
    title: 'The Hub’s index cannot be read',
    detail: message,
    hint,
  });
}

export function noSuchItem(name: string): Problem {
  return new Problem({
    status: 404,
    code: 'hub_item_unknown',
    title: 'The Hub has no such item',
    detail: `${name} is not in the local index.`,
    hint: 'Check the type and the name; POST /hub/update brings newer items.',
  });
}

export function planProblem(plan: Exclude<HubPlan, { kind: 'plan' }>): Problem {
  if (plan.kind === 'unknown') return noSuchItem(`${plan.item.type}/${plan.item.name}`);
  if (plan.kind === 'needed') return neededItem(plan);
  return new Problem({
    status: 409,
    code: plan.status === 'local' ? 'hub_item_local' : 'hub_item_tainted',
    title: 'Somebody’s own changes stay as they are',
    detail: `${plan.item.type}/${plan.item.name} is ${plan.status === 'local' ? 'a local file' : 'not what the Hub has: it was changed, or a part is missing'}.`,
    hint: `To overwrite or remove it all the same: cscli ${plan.item.type} install|remove --force ${plan.item.name}`,
  });
}

function neededItem({ item: { type, name }, by }: Extract<HubPlan, { kind: 'needed' }>): Problem {
  const quiet = type === 'scenarios' ? `; to keep it and have it ban nobody: cscli simulation enable ${name}` : '';
  return new Problem({
    status: 409,
    code: 'hub_item_needed',
    title: 'A collection needs it',
    detail: `${type}/${name} belongs to the collection ${by}, which would be incomplete without it.`,
    hint: `Remove ${by}, which takes it along${quiet}`,
  });
}

export function operationProblem({
  failure,
  isHubUnreachable,
  changes,
}: Extract<HubOutcome, { kind: 'failed' }>): Problem {
  const partly = changes.length > 0 ? ` ${changes.length} items had changed before that.` : '';
  if (isHubUnreachable) {
    return new Problem({
      status: 502,
      code: 'hub_unreachable',
      title: 'The Hub cannot be reached',
      detail: `${failure.message}.${partly}`,
      hint: 'Allow hub-cdn.crowdsec.net, cdn-hub.crowdsec.net, hub-data.crowdsec.net and version.crowdsec.net on port 443, or set HTTPS_PROXY. What is installed goes on working.',
    });
  }
  const isOurs = failure.kind !== 'refused';
  return new Problem({
    status: isOurs ? 503 : 502,
    code: isOurs ? `cscli_${failure.kind}` : 'cscli_refused',
    title: isOurs ? 'cscli could not be run' : 'cscli refused',
    detail: `${failure.message}.${partly}`,
    hint: failure.hint,
  });
}
