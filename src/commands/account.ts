/** `sluis account`: accounts, which log in. Each owns one mailbox. */
import { inApi } from './core/row.ts';
import { subject } from './core/subject.ts';
import { accountCertificates } from './account-certificate.ts';
import { appPasswords } from './account-app-password.ts';
import { contain } from './account-contain.ts';
import { messages } from './account-messages.ts';
import { move } from './account-move.ts';
import { enforce, observed, observedPart, quirks } from './account-quirks.ts';
import { enrol, reset, resetPart } from './account-codes.ts';
import { importMany, importPart } from './account-import.ts';
import { passwords } from './account-password.ts';
import { add, list } from './account-rows.ts';
import { show } from './account-show.ts';
import { end, endRow } from './account-end.ts';
import { endManyRow } from './account-end-many.ts';
import { resume, suspend } from './account-states.ts';
import { settable } from './settings.ts';

export const accounts = subject(
  'account',
  'who logs in; each owns one mailbox',
  {
    add,
    list,
    show,
    messages,
    suspend,
    resume,
    contain,
    certificate: accountCertificates,
    end,
    move,
    set: inApi(settable('account', 'huisarts'), {
      method: 'PATCH',
      about: 'change settings of an account',
      path: '/accounts/{accountId}',
      without: ['upload', 'dryRun'],
    }),
    quirks,
    observed,
    enforce,
    reset,
    enrol,
    import: importMany,
    password: passwords,
    'app-password': appPasswords,
  },
  {
    parts: {
      end: endRow,
      'end-many': endManyRow,
      observed: observedPart,
      reset: resetPart,
      import: importPart,
    },
  },
);
