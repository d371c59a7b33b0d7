/** `sluis organisation`: customers. */
import { subject } from './core/row.ts';
import { identities } from './organisation/edi.ts';
import { settable } from './settings.ts';

export const organisations = subject('organisation', 'customers: practices, hospitals, laboratories', {
  set: settable('organisation', 'praktijk-jansen'),

  edi: identities,
});
