/** What the lists of organisations, accounts and addresses say, in both languages. */
export const ORGANISATIONS = {
  nl: {
    title: 'Organisaties',
    about: 'Praktijken, ziekenhuizen en laboratoria.',
    none: 'Er is geen organisatie.',
    columns: { name: 'Organisatie', title: 'Naam', state: 'Toestand', contact: 'Contact', telephone: 'Telefoon' },
    filters: {
      like: { label: 'Naam', hint: 'Een stuk van de naam.' },
      telephone: { label: 'Telefoon', hint: 'Hoe het nummer ook geschreven is.' },
    },
  },
  en: {
    title: 'Organisations',
    about: 'Practices, hospitals and laboratories.',
    none: 'There is no organisation.',
    columns: { name: 'Organisation', title: 'Name', state: 'State', contact: 'Contact', telephone: 'Telephone' },
    filters: {
      like: { label: 'Name', hint: 'A part of the name.' },
      telephone: { label: 'Telephone', hint: 'The number may be written in any way.' },
    },
  },
};

export const ACCOUNTS = {
  nl: {
    title: 'Accounts',
    about: 'Wie inlogt. Elk account heeft een eigen postbus.',
    none: 'Er is geen account dat past.',
    columns: {
      login: 'Account',
      organisation: 'Organisatie',
      kind: 'Soort',
      state: 'Toestand',
      messages: 'Berichten',
      size: 'Grootte',
      more: 'Adressen, of stil sinds',
    },
    filters: {
      organisation: { label: 'Organisatie', hint: 'De korte naam.' },
      idle: { label: 'Stil sinds', hint: 'Logde niet in en verzond niet, zoals 30d.' },
      waiting: { label: 'Alleen waar mail wacht', hint: 'Samen met het vorige veld.' },
    },
  },
  en: {
    title: 'Accounts',
    about: 'Who logs in. Each account has a mailbox of its own.',
    none: 'No account matches.',
    columns: {
      login: 'Account',
      organisation: 'Organisation',
      kind: 'Kind',
      state: 'State',
      messages: 'Messages',
      size: 'Size',
      more: 'Addresses, or idle since',
    },
    filters: {
      organisation: { label: 'Organisation', hint: 'The short name.' },
      idle: { label: 'Idle for', hint: 'Neither logged in nor sent, such as 30d.' },
      waiting: { label: 'Only where mail waits', hint: 'Together with the field before.' },
    },
  },
};

export const ADDRESSES = {
  nl: {
    title: 'Adressen',
    about: 'Elk geregistreerd adres, en het account waar het heen leidt.',
    none: 'Er is geen adres dat past.',
    columns: { address: 'Adres', account: 'Account', state: 'Toestand', ends: 'Tot', change: 'Wijzigen' },
    filters: { account: { label: 'Account', hint: 'De gebruikersnaam.' } },
  },
  en: {
    title: 'Addresses',
    about: 'Every registered address, and the account that it leads to.',
    none: 'No address matches.',
    columns: { address: 'Address', account: 'Account', state: 'State', ends: 'Until', change: 'Change' },
    filters: { account: { label: 'Account', hint: 'The login name.' } },
  },
};
