import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import type { Stack } from '../support/stack.ts';

/** The token that `startStack` gave to its control API. */
export async function tokenOf(stack: Stack): Promise<string> {
  const name = (await readdir(stack.workbench.folder)).find((file) => file.startsWith('control-api-token'));
  if (name === undefined) throw new Error('this stack has no control API');
  return (await readFile(join(stack.workbench.folder, name), 'utf8')).trim();
}

/** As a person does it: opens the page, and types the token. */
export async function signIn(page: Page, stack: Stack): Promise<void> {
  await page.goto(stack.controlApi.url);
  await page.getByLabel('Token').fill(await tokenOf(stack));
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByRole('heading', { name: 'Overview' }).waitFor();
}
