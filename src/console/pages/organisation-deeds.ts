/**
 * What can be done with an organisation: register it, merge it into another one, end it, and undo
 * the end.
 */
import type { OperationResult } from '../../admin/operations.ts';
import { type Html, html } from '../../http/html.ts';
import type { Asked } from '../core/page.ts';
import { note, organisationLink } from '../../web/look/parts.ts';
import type { Deed } from '../parts/deed.ts';
import { ACCOUNTS_IN } from './imports-words.ts';
import { END, RESUME } from './end-words.ts';
import { ORGANISATION_DEEDS } from './organisation-deeds-words.ts';

const named = ({ name = '' }: Readonly<Record<string, string>>) => ({ name });

export const ADD_ORGANISATION: Deed = {
  path: '/new/organisation',
  back: '/organisations',
  operation: 'organisation.add',
  input: () => ({}),
  fields: ['name', 'title', 'contact', 'telephone', 'post', 'language'],
  caller: true,
  // The next step is nearly always to add accounts, so the page leads there.
  shows: ({ name, contactProblem }: OperationResult<'organisation.add'>, { language, may }: Asked): Html =>
    html`${contactProblem === undefined ? undefined : note('warn', html`<p lang="en">${contactProblem}</p>`)}<p>${organisationLink(name)}</p>${may('registry') ? html`<p><a class="button" href="/imports/accounts">${ACCOUNTS_IN[language].title}</a></p>` : undefined}`,
  words: ORGANISATION_DEEDS.add,
};

const MERGE: Deed = {
  path: '/organisations/{name}/merge',
  operation: 'organisation.merge',
  input: named,
  fields: ['into', 'until', 'successor', 'mailbox', 'keep-settings', 'revoke'],
  looksFirst: true,
  caller: true,
  words: ORGANISATION_DEEDS.merge,
};

const END_ORGANISATION: Deed = {
  path: '/organisations/{name}/end',
  operation: 'organisation.end',
  input: named,
  fields: ['grace', 'successor'],
  looksFirst: true,
  caller: true,
  words: END.organisation,
};

const RESUME_ORGANISATION: Deed = {
  path: '/organisations/{name}/resume',
  operation: 'organisation.resume',
  input: named,
  looksFirst: true,
  caller: true,
  words: RESUME.organisation,
};

/** Deeds on an organisation that exists. */
export const OF_ORGANISATION: readonly Deed[] = [MERGE, END_ORGANISATION, RESUME_ORGANISATION];

/**
 * Deeds on an organisation that make sense in its state. `ends`: set if the organisation has a date
 * on which it ends.
 */
export const organisationDeeds = (state = 'active', ends?: string): readonly Deed[] =>
  state === 'ended'
    ? []
    : [
        ...(ends === undefined ? [MERGE, END_ORGANISATION] : []),
        ...(state === 'active' && ends === undefined ? [] : [RESUME_ORGANISATION]),
      ];
