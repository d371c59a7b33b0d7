/** All imports of the console: operations that take a CSV file and check it before they use it. */
import type { OperationResult } from '../../admin/operations.ts';
import { rightOf } from '../../admin/operations.ts';
import { many } from '../../domain/counted.ts';
import { html } from '../../http/html.ts';
import type { Asked, Page } from '../core/page.ts';
import { card } from '../../web/look/parts.ts';
import { type Import, importPagesOf, isForOne } from '../parts/import.ts';
import { IMPORT } from '../parts/import-words.ts';
import {
  ABSENCES,
  ACCOUNTS_END,
  ACCOUNTS_IN,
  ACCOUNTS_SET,
  ADDRESSES_SET,
  CONTAINED,
  IDENTITIES,
  ORGANISATIONS_SET,
  PRACTICE,
  RESUMED,
  SUSPENDED,
} from './imports-words.ts';

/** What the import of accounts says of its result. */
function importedText({ accounts, applied, already, without = 0 }: OperationResult<'account.import'>): string {
  const some = without === 0 ? '' : ` ${many(without, 'account')} of these without a password.`;
  if (already === true)
    return `Already imported: ${many(accounts, 'account')}, addresses included. Nothing was changed, passwords were not compared.`;
  return applied
    ? `Registered ${many(accounts, 'account')}.${some}`
    : `It would register ${many(accounts, 'account')}.${some}`;
}

/**
 * A new organisation and the accounts of its people, as a caller dictates them on the telephone.
 */
export const NEW_PRACTICE: Import = {
  path: '/new/practice',
  operation: 'account.import',
  fields: ['new-organisation', 'title', 'contact', 'telephone', 'post', 'language'],
  needs: ['new-organisation'],
  always: { 'without-password': true },
  caller: true,
  letters: true,
  say: importedText,
  words: PRACTICE,
};

export const IMPORTS: readonly Import[] = [
  NEW_PRACTICE,
  {
    path: '/imports/accounts',
    operation: 'account.import',
    header: 'login,address,organisation,password',
    fields: ['without-password', 'observe'],
    ticked: ['without-password'],
    letters: true,
    say: importedText,
    words: ACCOUNTS_IN,
  },
  {
    path: '/imports/organisation-settings',
    operation: 'organisation.set',
    header: 'organisation,quota,max-message',
    words: ORGANISATIONS_SET,
  },
  {
    path: '/imports/account-settings',
    operation: 'account.set',
    header: 'account,quota,max-message',
    words: ACCOUNTS_SET,
  },
  {
    path: '/imports/address-settings',
    operation: 'address.set',
    header: 'address,quota,max-message',
    words: ADDRESSES_SET,
  },
  {
    path: '/imports/account-ends',
    operation: 'account.end-many',
    header: 'account,grace,successor',
    fields: ['grace'],
    words: ACCOUNTS_END,
  },
  {
    path: '/imports/edi-identities',
    operation: 'organisation.edi.import',
    header: 'organisation,identity,account',
    words: IDENTITIES,
  },
  {
    path: '/imports/absences',
    operation: 'address.absence.import',
    header: 'address,from,until,substitute,refuse',
    caller: true,
    words: ABSENCES,
  },
  { path: '/imports/suspensions', operation: 'account.suspend', header: 'account', caller: true, words: SUSPENDED },
  { path: '/imports/resumptions', operation: 'account.resume', header: 'account', caller: true, words: RESUMED },
  {
    path: '/imports/containments',
    operation: 'account.contain',
    header: 'account',
    proven: true,
    caller: true,
    words: CONTAINED,
  },
];

/** Imports that the operator who is logged in may do. */
export const importsFor = (asked: Asked): readonly Import[] =>
  isForOne(asked) ? [] : IMPORTS.filter(({ operation }) => asked.may(rightOf(operation)));

const all: Page = {
  method: 'GET',
  path: '/imports',
  access: 'session',
  run: (asked) => {
    const words = IMPORT[asked.language];
    const offered = importsFor(asked);
    return {
      kind: 'page',
      title: words.title,
      body: html`<p>${offered.length === 0 ? words.none : words.lead}</p><div class="cards">${offered.map(
        ({ path, words: both }) => {
          const { title, what } = both[asked.language];
          return card(title, html`<p>${what}</p><p><a class="button second" href="${path}">${title}</a></p>`);
        },
      )}</div>`,
    };
  },
};

export const importPages: readonly Page[] = [all, ...IMPORTS.flatMap(importPagesOf)];
