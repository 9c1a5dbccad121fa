import type { Secret } from '../../bouncer/shared/runtime/secret.ts';
import type { Cscli } from '../crowdsec/cscli.ts';
import { type EnrollmentFailure, enrollmentFailure, failureFromCscli } from './enrollment-failure.ts';

export interface EnrollmentRequest {
  readonly key: Secret;
  readonly name?: string | undefined;
  readonly tags?: readonly string[] | undefined;
  readonly overwrite?: boolean | undefined;
}

export type AttemptResult = { readonly kind: 'ok' } | { readonly kind: 'failed'; readonly failure: EnrollmentFailure };

/**
 * One `cscli console enroll`. In its human form: with `-o json` the warning "already enrolled" is hidden, and it
 * exits 0 all the same. The key stands in the argument list for as long as this one call runs, and nowhere else.
 */
export async function enrollOnce(cscli: Cscli, request: EnrollmentRequest, timeoutMs: number): Promise<AttemptResult> {
  const options = [
    ...(request.name === undefined ? [] : [`--name=${request.name}`]),
    ...(request.tags ?? []).map((tag) => `--tags=${tag}`),
    ...(request.overwrite === true ? ['--overwrite'] : []),
  ];
  const result = await cscli.run(['console', 'enroll', ...options, request.key.reveal()], { timeoutMs });
  if (result.kind !== 'ok') return { kind: 'failed', failure: failureFromCscli(result) };
  const said = `${result.messages.map((message) => message.text).join('\n')}\n${result.stdout}`;
  if (/Instance already enrolled/i.test(said))
    return { kind: 'failed', failure: enrollmentFailure('already_enrolled') };
  if (/successfully enrolled/i.test(said)) return { kind: 'ok' };
  return { kind: 'failed', failure: enrollmentFailure('unknown') };
}

/** `cscli capi register`: an account at the Central API, written to CrowdSec's own file. */
export async function registerAtCentralApi(cscli: Cscli, timeoutMs: number): Promise<AttemptResult> {
  const result = await cscli.run(['capi', 'register'], { timeoutMs });
  return result.kind === 'ok' ? { kind: 'ok' } : { kind: 'failed', failure: failureFromCscli(result) };
}
