/** What `npm test` runs, in order: the quick and static first, so that a slip shows within seconds. */
export type Stage =
  | { readonly kind: 'check'; readonly name: string; readonly script: string }
  | { readonly kind: 'tests'; readonly name: string; readonly project: string };

const check = (name: string, script: string): Stage => ({ kind: 'check', name, script });
const tests = (project: string): Stage => ({ kind: 'tests', name: project, project });

export const STAGES: readonly Stage[] = [
  check('types', 'check:types'),
  check('lint', 'check:lint'),
  check('arrows', 'check:arrows'),
  check('format', 'check:format'),
  check('unused', 'check:unused'),
  check('supply', 'check:supply'),
  tests('unit'),
  tests('property'),
  tests('golden'),
  tests('scenario'),
  tests('integration'),
  tests('e2e'),
];

/** The stages that a person names after `npm test --`; all of them without any. */
export function chooseStages(names: readonly string[]): readonly Stage[] {
  const known = STAGES.map((stage) => stage.name);
  const unknown = names.filter((name) => !known.includes(name));
  if (unknown.length > 0) throw new Error(`no such stage: ${unknown.join(', ')}. There are: ${known.join(', ')}.`);
  return names.length === 0 ? STAGES : STAGES.filter((stage) => names.includes(stage.name));
}
