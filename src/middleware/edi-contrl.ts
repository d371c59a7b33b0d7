/**
 * Marks the recipients of a message whose interchange asks for an acknowledgement, where the
 * sender's account is set so.
 */
import { settingOf } from '../domain/settings.ts';
import type { Middleware, Submitted } from './middleware.ts';

export const ediContrl: Middleware = {
  name: 'edi-contrl',
  wants: (message) =>
    message.sender !== '' &&
    message.parts.interchanges.some(({ format, acknowledge }) => format === 'edifact' && acknowledge) &&
    isAsked(message),
  run: (_, copies) =>
    Promise.resolve({
      kind: 'passed',
      copies: copies.map((copy) => ({
        ...copy,
        recipients: copy.recipients.map((each) => ({ ...each, to: { ...each.to, contrl: true } })),
      })),
    }),
};

const isAsked = ({ submitter: { account, organisation } }: Submitted): boolean =>
  settingOf('edi-contrl', account.settings, organisation.settings) !== 'never';
