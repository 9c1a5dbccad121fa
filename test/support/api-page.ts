import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { format, resolveConfig } from 'prettier';
import { type ApiDocument, apiPage, type GivenAnswers } from '../../scripts/docs/api-page.ts';
import { projectRoot } from '../../scripts/servers/project-root.ts';
import { appAlone } from '../unit/control-api-harness.ts';

export const API_PAGE = join(projectRoot, 'control-api', 'README.md');
export const API_ANSWERS = join(projectRoot, 'scripts', 'docs', 'api-answers.json');

export function recordedAnswers(): GivenAnswers {
  return JSON.parse(readFileSync(API_ANSWERS, 'utf8')) as GivenAnswers;
}

/** The page as it must be, formatted as every file here is. */
export async function writtenApiPage(): Promise<string> {
  const document = (await (await appAlone().request('/openapi.json')).json()) as ApiDocument;
  return inHouseStyle(API_PAGE, apiPage(document, recordedAnswers()));
}

export async function inHouseStyle(filepath: string, text: string): Promise<string> {
  return format(text, { ...(await resolveConfig(filepath)), filepath });
}
