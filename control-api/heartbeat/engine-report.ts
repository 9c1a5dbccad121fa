import { z } from 'zod';
import type { EngineReport } from '../crowdsec/central-api.ts';
import type { Cscli, CscliFailure } from '../crowdsec/cscli.ts';

/** Go writes a time that was never set as null, as year 1, or not at all. */
const time = z
  .string()
  .nullish()
  .transform((value) => (value?.startsWith('0001') ? '' : (value ?? '')));

const optional = z
  .string()
  .nullish()
  .transform((value) => value ?? '');

const bouncersSchema = z
  .array(z.object({ name: z.string(), type: optional, version: optional, last_pull: time }))
  .nullable();

const machinesSchema = z
  .array(z.object({ machineId: z.string(), version: optional, last_push: time, updated_at: time }))
  .nullable();

/** The bouncers and machines that the engine really has, in the words of the Central API's `/metrics/`. */
export async function engineReport(
  cscli: Cscli,
): Promise<{ readonly kind: 'ok'; readonly report: EngineReport } | CscliFailure> {
  const bouncers = await cscli.json(['bouncers', 'list'], bouncersSchema);
  if (bouncers.kind !== 'ok') return bouncers;
  const machines = await cscli.json(['machines', 'list'], machinesSchema);
  if (machines.kind !== 'ok') return machines;
  return {
    kind: 'ok',
    report: {
      bouncers: (bouncers.value ?? []).map(({ name, type, version, last_pull }) => ({
        custom_name: name,
        name: type,
        version,
        last_pull,
      })),
      machines: (machines.value ?? []).map(({ machineId, version, last_push, updated_at }) => ({
        name: machineId,
        version,
        last_push,
        last_update: updated_at,
      })),
    },
  };
}
