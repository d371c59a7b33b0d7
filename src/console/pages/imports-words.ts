/** What each import says, in both languages. */
import { ORGANISATION_DEEDS } from './organisation-deeds-words.ts';

const SET = {
  nl: 'Een lege cel verandert niets. Met "default" geldt weer wat erboven staat.',
  en: 'An empty cell changes nothing. With "default" the next wider value applies again.',
};

export const ACCOUNTS_IN = {
  nl: {
    title: 'Accounts toevoegen',
    what: 'Registreert alle accounts van het bestand met hun adressen, of geen enkel.',
    fields: {
      'without-password': {
        label: 'Regels mogen zonder wachtwoord zijn',
        hint: 'Elk zo’n account krijgt een brief met een code voor een eerste wachtwoord.',
      },
      observe: { label: 'Afwijkingen toestaan en bekijken', hint: 'Een aantal dagen, zoals 30d. Leeg: niet.' },
    },
  },
  en: {
    title: 'Add accounts',
    what: 'Registers all accounts of the file with their addresses, or none of them.',
    fields: {
      'without-password': {
        label: 'Lines may be without a password',
        hint: 'Each such account gets a letter with a code for a first password.',
      },
      observe: { label: 'Tolerate and watch deviations', hint: 'A number of days, such as 30d. Empty: not.' },
    },
  },
};

export const ORGANISATIONS_SET = {
  nl: { title: 'Instellingen van organisaties', what: `Wijzigt instellingen van vele organisaties. ${SET.nl}` },
  en: { title: 'Settings of organisations', what: `Changes settings of many organisations. ${SET.en}` },
};
export const ACCOUNTS_SET = {
  nl: { title: 'Instellingen van accounts', what: `Wijzigt instellingen van vele accounts. ${SET.nl}` },
  en: { title: 'Settings of accounts', what: `Changes settings of many accounts. ${SET.en}` },
};
export const ADDRESSES_SET = {
  nl: { title: 'Instellingen van adressen', what: `Wijzigt instellingen van vele adressen. ${SET.nl}` },
  en: { title: 'Settings of addresses', what: `Changes settings of many addresses. ${SET.en}` },
};

export const ACCOUNTS_END = {
  nl: {
    title: 'Accounts beëindigen',
    what: 'Beëindigt alle accounts van het bestand met hun adressen. Tot de bedenktijd voorbij is kan hervatten nog.',
    fields: { grace: { label: 'Bedenktijd', hint: 'Zoals 60d. Een regel van het bestand gaat voor.' } },
  },
  en: {
    title: 'End accounts',
    what: 'Ends all accounts of the file with their addresses. Until the time of grace is over they can be resumed.',
    fields: { grace: { label: 'Time of grace', hint: 'Such as 60d. A line of the file wins.' } },
  },
};

export const IDENTITIES = {
  nl: {
    title: 'EDI-identiteiten',
    what: 'Registreert hoe organisaties en accounts in EDI-berichten heten: alle regels, of geen. Wat er al is, blijft.',
  },
  en: {
    title: 'EDI identities',
    what: 'Registers what organisations and accounts are called in EDI: all lines, or none. What is there already stays.',
  },
};
export const ABSENCES = {
  nl: {
    title: 'Afwezigheid',
    what: 'Legt voor vele adressen vast wie afwezig is en wie waarneemt: alle regels, of geen. Waarnemers moeten hebben ingestemd.',
  },
  en: {
    title: 'Absences',
    what: 'Notes for many addresses who is away and who stands in: all lines, or none. Substitutes must have agreed.',
  },
};

export const SUSPENDED = {
  nl: {
    title: 'Accounts opschorten',
    what: 'Niemand logt meer in op deze accounts, en zij krijgen geen mail. Wat wacht blijft. Hervatten kan altijd.',
  },
  en: {
    title: 'Suspend accounts',
    what: 'Nobody can log in to these accounts from now on, and they get no mail. What waits stays. They can be resumed at any time.',
  },
};
export const RESUMED = {
  nl: {
    title: 'Accounts hervatten',
    what: 'Neemt het opschorten van deze accounts terug, of een einde dat nog niet voorgoed is.',
  },
  en: {
    title: 'Resume accounts',
    what: 'Takes back that these accounts were suspended, or an end that is not for good yet.',
  },
};
export const CONTAINED = {
  nl: {
    title: 'Accounts afsluiten',
    what: 'Deze accounts worden opgeschort. Alle wachtwoorden en certificaten vervallen voorgoed. Alle verbindingen worden verbroken.',
  },
  en: {
    title: 'Contain accounts',
    what: 'These accounts are suspended. All passwords and certificates end for good. All connections are ended.',
  },
};

const ADD = ORGANISATION_DEEDS.add;
export const PRACTICE = {
  nl: {
    title: 'Nieuwe organisatie met accounts',
    what: 'Registreert een organisatie en een account voor ieder die er werkt, of niets. Ieder krijgt een brief met een code.',
    fields: { ...ADD.nl.fields, 'new-organisation': ADD.nl.fields.name },
  },
  en: {
    title: 'New organisation with accounts',
    what: 'Registers an organisation and an account for everybody who works there, or nothing. Each gets a letter with a code.',
    fields: { ...ADD.en.fields, 'new-organisation': ADD.en.fields.name },
  },
};
