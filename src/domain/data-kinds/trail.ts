/**
 * What is kept of what happened: the audit trail, operators, requests for a second person, and
 * sessions in browsers.
 */
import type { DataKinds } from './data-kind.ts';

/** By table. */
export const TRAIL_KINDS = {
  approval: {
    area: 'trail',
    what: 'requests that need a second person',
    columns: [
      ...['id', 'operation', 'verb', 'input', 'asked_by', 'asked_with', 'reason', 'asked_at', 'ends_at', 'used_at'],
      'rejected_at',
    ],
    kept: 'as the audit trail',
    erase: 'kept: what operators did',
  },
  approval_passkey: {
    area: 'trail',
    what: 'what operators signed with passkeys under them, and all that proves it',
    columns: [
      ...['approval', 'passkey', 'verdict', 'statement', 'credential', 'public_key', 'authenticator_data'],
      ...['client_data', 'signature', 'at'],
    ],
    kept: 'as the audit trail',
    erase: 'kept: what operators did',
  },
  approval_signature: {
    area: 'trail',
    what: 'signatures of operators under them',
    columns: ['approval', 'fingerprint', 'at', 'signature'],
    kept: 'as the audit trail',
    erase: 'kept: what operators did',
  },
  audit: {
    area: 'trail',
    what: 'the audit trail: what happened; `personal` says who and where',
    columns: ['seq', 'at', 'event', 'outcome', 'message', 'account', 'facts', 'commitment', 'hash', 'salt', 'personal'],
    onPostgres: ['lane', 'place'],
    kept: 'rows for ever; `personal` and `salt` by kind of event ([audit](commands.md#audit))',
    erase:
      'personal fields of rows that name its people erased; those of access and change after their time, as the law asks',
  },
  audit_of_account: {
    area: 'trail',
    what: 'where a search of the trail by account looks',
    columns: ['account', 'seq'],
    kept: 'as the rows of the trail',
    erase: 'kept: numbers alone',
  },
  audit_of_message: {
    area: 'trail',
    what: 'where a search of the trail by message looks',
    columns: ['message', 'seq'],
    kept: 'as the rows of the trail',
    erase: 'kept: numbers alone',
  },
  console_session: {
    area: 'trail',
    what: 'browsers in which operators are logged in: since when, from which range of networks, by which means; the cookie as a hash',
    columns: [
      ...['id', 'hash', 'operator', 'means', 'passkey', 'network'],
      ...['made_at', 'seen_at', 'proven_at', 'ends_at', 'ended_at'],
    ],
    kept: '30 days after the last use, and until somebody logs in after that',
    erase: 'runs out by itself',
  },
  operator: {
    area: 'trail',
    what: 'people who work with the gateway, and what they may do',
    columns: ['id', 'name', 'role', 'organisation', 'certificate', 'added_at', 'ends_at', 'ended_at'],
    kept: 'for ever: the trail names them',
    erase: 'kept: what operators did',
  },
  operator_key: {
    area: 'trail',
    what: 'their public keys, by which a signature counts as that of a second person',
    columns: ['fingerprint', 'name', 'public_key', 'added_at', 'removed_at'],
    kept: 'for ever: what they signed must be checkable',
    erase: 'not of an organisation',
  },
  operator_token: {
    area: 'trail',
    what: 'tokens of their programs, as a hash, and when each was last used',
    columns: ['id', 'operator', 'hash', 'role', 'networks', 'added_at', 'ends_at', 'ended_at', 'last_used_at'],
    kept: 'for ever: the trail names them',
    erase: 'kept: what operators did',
  },
  self_service_session: {
    area: 'trail',
    what: 'browsers in which accounts are logged in to their own pages: since when, from which range of networks, by which password or certificate; the cookie as a hash',
    columns: [
      ...['id', 'hash', 'account', 'password', 'password_at', 'certificate', 'network'],
      ...['made_at', 'seen_at', 'ended_at'],
    ],
    kept: '30 days after the last use, and until somebody logs in after that',
    erase: 'runs out by itself',
  },
} satisfies DataKinds;
