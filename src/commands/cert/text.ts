/** Certificates and codes as text for people, and as cells of a table. */
import type { CertificateView, EnrolledView } from '../../admin/cert-views.ts';
import { type Cell, facts, readableDay, readableTime, table } from '../../cli/output.ts';

export const COLUMNS = ['account', 'for', 'ends', 'state', 'serial', 'origin', 'key', 'name'] as const;
export const upper = (names: readonly string[]): readonly string[] => names.map((name) => name.toUpperCase());

export const cellsOf = (c: CertificateView): Cell[] => [
  ...[c.account, c.use, readableDay(c.ends), c.state, c.serial, c.origin],
  c.keyHeld ? 'held here' : '',
  c.name,
];
export const listText = (all: readonly CertificateView[]): string =>
  all.length === 0 ? 'No certificates.' : table(upper(COLUMNS), all.map(cellsOf));

export const CODE_COLUMNS = ['account', 'for', 'replaces', 'ends', 'code', 'code valid until'] as const;
export const codeCells = (e: EnrolledView): Cell[] => [
  ...[e.account, e.use, e.serial, readableDay(e.ends), e.code],
  readableDay(e.codeExpires),
];
export const codesText = (codes: readonly EnrolledView[]): string =>
  codes.length === 0
    ? 'Nothing to renew.'
    : `${table(upper(CODE_COLUMNS), codes.map(codeCells))}\nEach code works once, with "sluis cert collect CODE --out FILE.p12". It is not shown again.`;

export const detail = (c: CertificateView): string =>
  facts([
    ['Serial number', c.serial],
    ['Fingerprint', c.fingerprint],
    ['Account', c.account],
    ['For', c.use],
    ['Name', c.name],
    ['State', c.state],
    ['Subject', c.subject],
    ['Issuer', c.issuer],
    ['Addresses', c.addresses.join(', ')],
    ['Begins', readableTime(c.begins)],
    ['Ends', readableTime(c.ends)],
    ['Revoked', c.revoked === undefined ? undefined : `${readableTime(c.revoked)}, ${c.reason ?? ''}`],
    ['Replaces', c.replaces],
    ['Private key', c.keyHeld ? 'held by the gateway' : undefined],
    ['Warned', c.warned === undefined ? undefined : `${c.warned} days before its end`],
  ]);
