/** control-api/README.md is what the API says of itself today. `npm run docs:api` writes it anew. */
import { readFileSync, writeFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { concretePathOf, curlOf } from '../../scripts/docs/api-page.ts';
import { TOUR } from '../../scripts/docs/api-tour.ts';
import { API_PAGE, recordedAnswers, writtenApiPage } from '../support/api-page.ts';
import { checkDocumented } from '../integration/control-api-documented.ts';

it('control-api/README.md is up to date; if not: npm run docs:api', async () => {
  const wanted = await writtenApiPage();
  if (process.env['UPDATE_DOCS'] !== undefined) writeFileSync(API_PAGE, wanted);
  expect(readFileSync(API_PAGE, 'utf8')).toBe(wanted);
});

it('shows answers that are still the ones of the API', () => {
  const answers = recordedAnswers();
  for (const stop of TOUR.flatMap(({ stops }) => stops)) {
    const { status, type, body } = answers[curlOf(stop)] ?? { status: 0, type: '', body: undefined };
    checkDocumented(stop.method, concretePathOf(stop), status, type, body);
    expect(status, curlOf(stop)).toBe(200);
  }
});

it('shows nothing of the machine that answered', () => {
  const text = readFileSync(API_PAGE, 'utf8');
  expect(text).not.toMatch(/\/(tmp|home|work|root)\//);
  expect(text).not.toMatch(/127\.0\.0\.1:\d{5}/);
});
