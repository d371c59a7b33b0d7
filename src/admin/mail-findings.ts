/**
 * Findings about mail for `check` and `doctor`: encryption that is required somewhere although the
 * gateway lacks a key for it, and what ends soon.
 */
import { agree, many } from '../domain/counted.ts';
import type { DoctorFinding } from '../domain/doctor.ts';
import { NO_END, SCAN_EXEMPT } from '../domain/scan-exemption.ts';
import type { Instant } from '../domain/units.ts';
import type { MailKeys } from '../protection/mail-keys.ts';
import type { Registry } from '../store/port/registry.ts';
import type { AdminContext } from './context.ts';
import { certificateFindings, endingFinding } from './endings.ts';
import { operatorFindings } from './operator-findings.ts';

export const withoutGatewayKey = (problem: string): string =>
  `the gateway has no key of its own to sign with (${problem}), so their messages are answered 451; "sluis cert issue --use mail --keep-key" for the account of smime.signing-address makes one`;

/**
 * Undefined if no key is needed, or if there is one. The registry is asked only if there is none.
 */
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

/** The finding; undefined if no mailbox is stuck. */
function stuckFinding(mailboxes: number): DoctorFinding | undefined {
  if (mailboxes === 0) return undefined;
  return {
    id: 'stuck-messages',
    severity: 'warning',
    what: `${many(mailboxes, 'mail program')} ${agree(mailboxes, 'ends', 'end')} at the same message again and again, and what waits behind it is not fetched: "sluis mailbox stuck" names them, "sluis mailbox set-aside" takes the message out of the way`,
  };
}

/** Undefined if every exemption from scanning has an end. */
async function exemptionFinding(registry: Pick<Registry, 'isSetAnywhere'>): Promise<DoctorFinding | undefined> {
  if (!(await registry.isSetAnywhere(SCAN_EXEMPT, NO_END))) return undefined;
  return {
    id: 'scan.exempt',
    severity: 'warning',
    what: 'an account is exempt from scanning without an end: "sluis scan exempt list" names it, "sluis scan exempt add LOGIN --ends" gives it one',
  };
}

export interface StoreFindingParts extends Pick<AdminContext, 'store' | 'certificates' | 'secondPerson'> {
  readonly keys: Parameters<typeof gatewayKeyFinding>[0];
  readonly now: Instant;
  /** Number of mail programs that are stuck at a message. */
  readonly stuck: number;
  /** Address of the web console; undefined if no listener serves it. */
  readonly page: string | undefined;
}

/**
 * Findings that only the store and the running gateway can make. The gateway's own daily check and
 * the commands share them.
 */
export async function storeFindings(parts: StoreFindingParts): Promise<readonly DoctorFinding[]> {
  const { store, keys, certificates, now } = parts;
  const found = [
    await gatewayKeyFinding(keys, store.registry),
    await endingFinding(store, now),
    stuckFinding(parts.stuck),
    await exemptionFinding(store.registry),
  ];
  return [
    ...found.filter((finding) => finding !== undefined),
    ...certificateFindings(await certificates(), now),
    ...(await operatorFindings(parts)),
  ];
}
