/** For `check` and `doctor`: whether encryption is required somewhere that the gateway cannot keep, for want of a key of its own; what ends soon. */
import type { DoctorFinding } from '../domain/doctor.ts';
import type { MailKeys } from '../middleware/mail-keys.ts';
import type { Registry } from '../store/registry.ts';
import { certificateFindings, endingFinding } from './endings.ts';
import { listing } from './operation.ts';

export const withoutGatewayKey = (problem: string): string =>
  `the gateway has no key of its own to sign with (${problem}), so their messages are answered 451; "sluis cert issue --for mail --keep-key" for the account of smime.signing-address makes one`;

/** Undefined: none is needed, or there is one. The registry is asked only where there is none. */
export async function gatewayKeyFinding(
  keys: Pick<MailKeys, 'gatewayKeyProblem'>,
  registry: Pick<Registry, 'isSetAnywhere'>,
): Promise<DoctorFinding | undefined> {
  const problem = await keys.gatewayKeyProblem();
  if (problem === undefined || !(await registry.isSetAnywhere('encrypt', 'required'))) return undefined;
  return {
    id: 'gateway-key',
    severity: 'warning',
    what: `encrypt=required is set, and cannot be kept for senders whose account does not sign: ${withoutGatewayKey(problem)}`,
  };
}

export const mailFindingOperations = {
  'mail.findings': listing(
    () => undefined,
    async ({ store, mail, clock, certificates }): Promise<readonly DoctorFinding[]> => {
      const found = [await gatewayKeyFinding(mail.keys, store.registry), await endingFinding(store, clock.now())];
      return [
        ...found.filter((finding) => finding !== undefined),
        ...certificateFindings(await certificates(), clock.now()),
      ];
    },
  ),
};
