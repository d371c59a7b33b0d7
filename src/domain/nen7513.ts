/**
 * A row of the audit trail under the field names of NEN 7513 (from RFC 3881), as NEN7513_FIELDS
 * maps them.
 */
import type { ChainRow } from './audit-row.ts';
import { meaningOf } from './audit-events.ts';
import { messageIdOf } from './ids.ts';

export type Nen7513Record = Readonly<Record<string, unknown>>;

export interface Nen7513Site {
  readonly hostname: string;
  /**
   * Login name of the row's account, or its number where names are left out; undefined without an
   * account.
   */
  readonly account: string | undefined;
  /** Leave out who and where. */
  readonly personal: boolean;
}

type Fields = Readonly<Record<string, unknown>>;

/** What a client of the protocols asks for by itself; all else about an account is done to it. */
const ASKED = ['message.accepted', 'message.refused'];

/** An IP address or a network of some; the field `address` of other events is one of mail. */
const NETWORK = /^(?:\d{1,3}(?:\.\d{1,3}){3}|[0-9a-f.]*:[0-9a-f:.]*)(?:\/\d{1,3})?$/i;

export function nen7513Of(row: ChainRow, { hostname, account, personal: told }: Nen7513Site): Nen7513Record {
  const { kind, action } = meaningOf(row.event);
  const personal = told && row.personal !== null ? (JSON.parse(row.personal) as Fields) : {};
  const { actor, login, reason, ...others } = personal;
  const asked = account !== undefined && (kind === 'access' || ASKED.includes(row.event));
  // If the row does not say who it was, it was not the gateway either.
  const hidden = row.commitment !== null && (!told || row.personal === null);
  const user = actor ?? login ?? (asked ? account : hidden ? null : hostname);
  const where = ['network', 'address'].find((name) => NETWORK.test(textOf(others[name])));
  const { [where ?? '']: network, ...rest } = others;
  const message = row.message === null ? undefined : messageIdOf(row.message);
  return {
    EventID: row.seq,
    EventActionCode: action,
    EventDateTime: new Date(row.at).toISOString(),
    EventOutcomeIndicator: row.outcome === 'success' ? 0 : 4,
    EventTypeCode: row.event,
    UserID: user,
    AlternateUserID: account === user ? null : (account ?? null),
    UserIsRequestor: actor !== undefined || login !== undefined || asked,
    PurposeOfUse: reason ?? null,
    NetworkAccessPointTypeCode: where === undefined ? null : 2,
    NetworkAccessPointID: network ?? null,
    ParticipantObjectTypeCode: 2,
    ParticipantObjectIDTypeCode: message === undefined ? (account === undefined ? null : 'account') : 'message',
    ParticipantObjectID: message ?? account ?? null,
    ParticipantObjectDetail: { ...(JSON.parse(row.facts) as Fields), ...rest },
    AuditEnterpriseSiteID: hostname,
    AuditSourceID: hostname,
    AuditSourceTypeCode: 4,
  };
}

const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');
