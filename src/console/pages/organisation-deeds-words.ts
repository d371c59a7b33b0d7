/** Words of what is done to an organisation, in both languages. */
export const ORGANISATION_DEEDS = {
  add: {
    nl: {
      button: 'Nieuwe organisatie',
      what: 'De organisatie wordt geregistreerd. Daarna voegt u haar accounts toe.',
      done: 'De organisatie is geregistreerd.',
      fields: {
        name: {
          label: 'Korte naam',
          hint: 'Kleine letters, cijfers en streepjes, zoals praktijk-jansen. Deze blijft zo.',
        },
        title: { label: 'Volledige naam' },
        contact: { label: 'Adres van het contact', hint: 'Waar mensen berichten lezen: voor meldingen en codes.' },
        telephone: { label: 'Telefoon' },
        post: { label: 'Postadres', hint: 'Voor brieven.' },
        language: { label: 'Taal van meldingen', choices: { nl: 'Nederlands', en: 'Engels' } },
      },
    },
    en: {
      button: 'New organisation',
      what: 'The organisation is registered. Then you add its accounts.',
      done: 'The organisation was registered.',
      fields: {
        name: { label: 'Short name', hint: 'Small letters, digits and hyphens, such as praktijk-jansen. It stays so.' },
        title: { label: 'Full name' },
        contact: { label: 'Address of the contact', hint: 'Where people read messages: for notices and codes.' },
        telephone: { label: 'Telephone' },
        post: { label: 'Postal address', hint: 'For letters.' },
        language: { label: 'Language of notices', choices: { nl: 'Dutch', en: 'English' } },
      },
    },
  },
  merge: {
    nl: {
      button: 'Opgaan in een andere organisatie',
      what: 'Alle accounts en adressen gaan naar de andere organisatie. Deze organisatie eindigt daarmee.',
      done: 'De organisatie is opgegaan in de andere.',
      fields: {
        into: { label: 'In welke organisatie', hint: 'De korte naam.' },
        until: { label: 'Adressen werken tot', hint: 'Bijvoorbeeld 90d. Leeg: voorgoed.' },
        successor: { label: 'Opvolger van de adressen', hint: 'Wat afzenders daarna horen. Alleen met een einde.' },
        mailbox: { label: 'Postbus voor alle adressen', hint: 'Leeg: elk adres houdt zijn postbus.' },
        'keep-settings': { label: 'Accounts houden instellingen die verschillen' },
        revoke: { label: 'Trek certificaten in die de oude organisatie noemen' },
      },
    },
    en: {
      button: 'Become part of another organisation',
      what: 'All accounts and addresses go to the other organisation. This organisation ends with that.',
      done: 'The organisation has become part of the other one.',
      fields: {
        into: { label: 'Of which organisation', hint: 'Its short name.' },
        until: { label: 'Addresses work until', hint: 'For example 90d. Empty: for good.' },
        successor: { label: 'Successor of the addresses', hint: 'What senders are told then. Only with an end.' },
        mailbox: { label: 'Mailbox for all addresses', hint: 'Empty: each address keeps its mailbox.' },
        'keep-settings': { label: 'Accounts keep settings that differ' },
        revoke: { label: 'Revoke certificates that name the old organisation' },
      },
    },
  },
};
