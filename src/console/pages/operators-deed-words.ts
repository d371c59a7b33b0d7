/** What the forms about operators say, in both languages. */
const ROLE_CHOICES = {
  nl: {
    read: 'read: kijkt mee',
    support: 'support: de helpdesk',
    registry: 'registry: registreert organisaties en accounts',
    security: 'security: certificaten, logboek en operators',
    owner: 'owner: alles',
  },
  en: {
    read: 'read: looks',
    support: 'support: the helpdesk',
    registry: 'registry: registers organisations and accounts',
    security: 'security: certificates, the trail and operators',
    owner: 'owner: everything',
  },
};
const FIELDS = {
  nl: {
    name: { label: 'Naam', hint: 'Kleine letters, cijfers, punt of streepje, zoals jan.devries.' },
    role: { label: 'Rol', choices: ROLE_CHOICES.nl },
    organisation: { label: 'Alleen voor organisatie', hint: 'Leeg: voor alle organisaties.' },
    ends: { label: 'Tot wanneer', hint: 'Bijvoorbeeld 2027-12-31 of 90d. Leeg: zonder einde.' },
    'public-key': { label: 'Publieke sleutel', hint: 'Om mee te tekenen. Plak de inhoud van het bestand.' },
    console: { label: 'Maak een eenmalige code om hier in te loggen' },
    scope: { label: 'Mag hoogstens', hint: 'Leeg: wat de operator mag.', choices: ROLE_CHOICES.nl },
    network: { label: 'Alleen vanaf netwerken', hint: 'Bijvoorbeeld 192.0.2.0/24.' },
  },
  en: {
    name: { label: 'Name', hint: 'Small letters, digits, dot or hyphen, such as jan.devries.' },
    role: { label: 'Role', choices: ROLE_CHOICES.en },
    organisation: { label: 'For one organisation only', hint: 'Empty: for all organisations.' },
    ends: { label: 'Until when', hint: 'For example 2027-12-31 or 90d. Empty: without an end.' },
    'public-key': { label: 'Public key', hint: 'To sign with. Paste what is in the file.' },
    console: { label: 'Make a one-time code to log in here' },
    scope: { label: 'May do at most', hint: 'Empty: what the operator may.', choices: ROLE_CHOICES.en },
    network: { label: 'From these networks only', hint: 'For example 192.0.2.0/24.' },
  },
};
const TOKEN_ENDS = {
  nl: { label: 'Tot wanneer', hint: 'Bijvoorbeeld 2027-12-31 of 90d.' },
  en: { label: 'Until when', hint: 'For example 2027-12-31 or 90d.' },
};

export const DEED_WORDS = {
  add: {
    nl: {
      button: 'Operator toevoegen',
      what: 'Iemand mag met de gateway werken, binnen zijn rol. U geeft niet meer rechten dan u zelf hebt.',
      done: 'De operator is toegevoegd.',
      fields: FIELDS.nl,
    },
    en: {
      button: 'Add an operator',
      what: 'Somebody may work with the gateway, within a role. You give no more rights than you have.',
      done: 'The operator was added.',
      fields: FIELDS.en,
    },
  },
  set: {
    nl: {
      button: 'Rol of einde wijzigen',
      what: 'Andere rechten gelden vanaf de volgende aanroep, ook voor tokens en open sessies. Een lege keuze verandert niets.',
      done: 'De operator is gewijzigd.',
      fields: { ...FIELDS.nl, ends: { label: 'Tot wanneer', hint: 'Bijvoorbeeld 2027-12-31 of 90d.' } },
    },
    en: {
      button: 'Change role or end',
      what: 'Other rights apply from the next request on, also for tokens and open sessions. An empty choice changes nothing.',
      done: 'The operator was changed.',
      fields: { ...FIELDS.en, ends: { label: 'Until when', hint: 'For example 2027-12-31 or 90d.' } },
    },
  },
  code: {
    nl: {
      button: 'Eenmalige code maken',
      what: 'Met de code registreert de operator een passkey. Een eerdere code vervalt. Geef hem aan niemand anders.',
      done: 'De code is gemaakt.',
    },
    en: {
      button: 'Make a one-time code',
      what: 'With the code the operator registers a passkey. An earlier code is void. Give it to nobody else.',
      done: 'The code was made.',
    },
  },
  token: {
    nl: {
      button: 'Token maken',
      what: 'Een programma mag met het token doen wat de operator mag, tot het einde.',
      done: 'Het token is gemaakt.',
      fields: { scope: FIELDS.nl.scope, network: FIELDS.nl.network, ends: TOKEN_ENDS.nl },
    },
    en: {
      button: 'Make a token',
      what: 'A program may do with the token what the operator may, until its end.',
      done: 'The token was made.',
      fields: { scope: FIELDS.en.scope, network: FIELDS.en.network, ends: TOKEN_ENDS.en },
    },
  },
  end: {
    nl: {
      button: 'Operator beëindigen',
      what: 'De operator mag niets meer, voorgoed. Zijn tokens, passkeys en sessies eindigen ook. Zijn sleutel kan nooit opnieuw worden geregistreerd.',
      done: 'De operator is beëindigd.',
    },
    en: {
      button: 'End the operator',
      what: 'The operator may no longer do anything, for good. Tokens, passkeys and sessions end as well. The key can never be registered again.',
      done: 'The operator has ended.',
    },
  },
  endToken: {
    nl: {
      button: 'Token beëindigen',
      what: 'Het programma met dit token komt er niet meer in.',
      done: 'Het token is beëindigd.',
    },
    en: {
      button: 'End the token',
      what: 'The program with this token can no longer log in.',
      done: 'The token has ended.',
    },
  },
  endPasskey: {
    nl: {
      button: 'Passkey beëindigen',
      what: 'Niemand logt er meer mee in. De sessies die ermee begonnen zijn voorbij.',
      done: 'De passkey is beëindigd.',
    },
    en: {
      button: 'End the passkey',
      what: 'Nobody can log in with it from now on. Sessions that began with it are over.',
      done: 'The passkey has ended.',
    },
  },
  endSession: {
    nl: {
      button: 'Sessie beëindigen',
      what: 'De operator is meteen uitgelogd en mag weer inloggen.',
      done: 'De sessie is beëindigd.',
    },
    en: {
      button: 'End the session',
      what: 'The operator is logged out at once, and may log in again.',
      done: 'The session has ended.',
    },
  },
};
