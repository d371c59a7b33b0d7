/** `sluis account`: who logs in; each owns one mailbox. */
import { subject } from './core/row.ts';
import { add, list } from './account-rows.ts';
import { resume, suspend } from './account-states.ts';
import { settable } from './settings.ts';

export const accounts = subject('account', 'who logs in; each owns one mailbox', {
  add,
  list,
  suspend,
  resume,
  set: settable('account', 'huisarts'),
});
