/**
 * What the pages of settings say, in both languages. The description of each setting stands where
 * the setting is declared, in English.
 */
const CHANGE = {
  nl: {
    button: 'Instellingen wijzigen',
    done: 'De instellingen zijn gewijzigd.',
    fields: {
      settings: {
        label: 'Instellingen',
        hint: 'Zoals quota=5GiB. Met quota=default geldt weer wat erboven staat.',
      },
    },
  },
  en: {
    button: 'Change settings',
    done: 'The settings were changed.',
    fields: {
      settings: { label: 'Settings', hint: 'Such as quota=5GiB. With quota=default the next wider one applies again.' },
    },
  },
};

export const OF_ACCOUNT = {
  nl: { ...CHANGE.nl, what: 'De waarden gelden meteen voor dit account. Ze gaan voor die van de organisatie.' },
  en: { ...CHANGE.en, what: 'The values apply at once to this account. They win over those of the organisation.' },
};
export const OF_ADDRESS = {
  nl: { ...CHANGE.nl, what: 'De waarden gelden meteen voor dit adres. Ze gaan voor die van het account.' },
  en: { ...CHANGE.en, what: 'The values apply at once to this address. They win over those of the account.' },
};
export const OF_ORGANISATION = {
  nl: {
    ...CHANGE.nl,
    what: 'De waarden gelden meteen voor alle accounts van deze organisatie die geen eigen waarde hebben.',
  },
  en: {
    ...CHANGE.en,
    what: 'The values apply at once to every account of this organisation without a value of its own.',
  },
};

export const SETTINGS = {
  nl: {
    title: 'Instellingen van de gateway',
    about: 'Wat het configuratiebestand beslist, zoals het nu geldt. Hier is niets te wijzigen.',
    none: 'Er is geen instelling die past.',
    columns: { name: 'Instelling', value: 'Nu', initial: 'Standaard', about: 'Wat het doet', by: 'Geldt na' },
    filters: {
      like: { label: 'Zoek', hint: 'Een stuk van de naam, of een Engels woord uit de uitleg.' },
      section: { label: 'Onderdeel' },
      changed: { label: 'Alleen wat anders is dan standaard' },
    },
  },
  en: {
    title: 'Settings of the gateway',
    about: 'What the configuration file decides, with the values in use. Nothing can be changed here.',
    none: 'No setting matches.',
    columns: { name: 'Setting', value: 'Now', initial: 'Default', about: 'What it does', by: 'Takes effect after' },
    filters: {
      like: { label: 'Search', hint: 'A part of the name, or a word of what it does.' },
      section: { label: 'Section' },
      changed: { label: 'Only what differs from the default' },
    },
  },
};

export const FILE = {
  nl: {
    file: 'Dit bestand beslist:',
    check: 'Wijzig het op de machine van de gateway, en laat het nakijken met:',
    reload: 'Wat geldt na "herladen":',
    restart: 'De rest geldt pas na een herstart van de gateway.',
    top: 'Boven het eerste onderdeel',
    differs: 'anders',
    unset: '(niet gezet)',
    expected: 'Mag zijn',
    by: { reload: 'herladen', restart: 'herstart' },
    registered: 'Instellingen van organisaties, accounts en adressen',
  },
  en: {
    file: 'This file decides:',
    check: 'Change it on the machine of the gateway, and check it with:',
    reload: 'What takes effect after "reload":',
    restart: 'All else takes effect only after a restart of the gateway.',
    top: 'Above the first section',
    differs: 'differs',
    unset: '(not set)',
    expected: 'May be',
    by: { reload: 'reload', restart: 'restart' },
    registered: 'Settings of organisations, accounts and addresses',
  },
};

export const REGISTERED = {
  nl: {
    title: 'Instellingen van organisaties, accounts en adressen',
    lead: 'Het register beslist deze, en niet het configuratiebestand. Een adres gaat voor zijn account, een account voor zijn organisatie.',
    where:
      'Wijzig ze op de pagina van een organisatie of account, of bij de adressen. Een bestand wijzigt er veel tegelijk.',
    organisations: 'Organisaties',
    accounts: 'Accounts',
    addresses: 'Adressen',
    columns: ['Instelling', 'Van', 'Standaard', 'Wat het doet'],
    scopes: { organisation: 'organisatie', account: 'account', address: 'adres' },
  },
  en: {
    title: 'Settings of organisations, accounts and addresses',
    lead: 'The registry decides these, and not the configuration file. An address wins over its account, an account over its organisation.',
    where:
      'Change them on the page of an organisation or an account, or with the addresses. A file changes many at once.',
    organisations: 'Organisations',
    accounts: 'Accounts',
    addresses: 'Addresses',
    columns: ['Setting', 'Of', 'Default', 'What it does'],
    scopes: { organisation: 'organisation', account: 'account', address: 'address' },
  },
};
