/**
 * Words for what operators may do, alone and in pairs. Readers of a statement do not know the names
 * of the roles.
 */
import type { Role } from '../../domain/roles.ts';
import type { ChosenVerb } from '../../domain/second-person.ts';
import type { Both } from './claim.ts';

export const ROLE_WORDS: Readonly<Record<Role, Both>> = {
  read: { nl: 'Alleen kijken', en: 'Looking only' },
  support: { nl: 'Helpdesk', en: 'Helpdesk' },
  registry: { nl: 'Accounts en organisaties beheren', en: 'Managing accounts and organisations' },
  security: { nl: 'Certificaten en logboek', en: 'Certificates and trail' },
  owner: { nl: 'Alles', en: 'Everything' },
};

/** The words that follow "only two operators together may". */
export const SECOND_WORDS: Readonly<Record<ChosenVerb, Both>> = {
  restore: { nl: 'een back-up terugzetten', en: 'restore a backup' },
  bundle: { nl: 'bewijs van een bericht uitgeven', en: 'give out evidence of a message' },
  erase: { nl: 'persoonsgegevens wissen', en: 'erase personal data' },
  'address-move': {
    nl: 'een adres of account verplaatsen',
    en: 'move an address or an account',
  },
  key: { nl: 'de hoofdsleutel verdelen of vervangen', en: 'split or replace the master key' },
  end: {
    nl: 'een account, adres, partner of organisatie laten eindigen',
    en: 'end an account, address, partner or organisation',
  },
  code: {
    nl: 'codes voor wachtwoorden en certificaten in handen krijgen',
    en: 'hold codes for passwords and certificates in hand',
  },
  'site-alone': { nl: 'een locatie alleen laten bevestigen', en: 'let one place alone acknowledge' },
  'store-move': { nl: 'de database verhuizen', en: 'move the database' },
  'scan-exempt': {
    nl: 'mail van een account ongezien doorlaten langs de malwarescanner',
    en: 'let the mail of an account pass the malware scanner unscanned',
  },
};
