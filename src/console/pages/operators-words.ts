/** What the pages of operators, their tokens, passkeys and sessions say, in both languages. */
const ROLES = {
  nl: {
    read: 'meelezer',
    support: 'helpdesk',
    registry: 'registratie',
    security: 'beveiliging',
    owner: 'eigenaar',
  },
  en: { read: 'reader', support: 'helpdesk', registry: 'registry', security: 'security', owner: 'owner' },
};

export const OPERATOR = {
  nl: {
    operator: 'Operator',
    about: 'Gegevens',
    role: 'Rol',
    roles: ROLES.nl,
    organisation: 'Organisatie',
    all: 'alle',
    since: 'Sinds',
    until: 'Tot',
    signs: 'Tekent met',
    certificate: 'Certificaat',
    active: 'actief',
    ended: 'beëindigd',
    never: 'nooit',
    yes: 'ja',
    no: 'nee',
    means: { passkey: 'passkey', oidc: 'OpenID-provider' } as Readonly<Record<string, string>>,
    code: 'Eenmalige code',
    token: 'Token',
    usedAt: 'Te gebruiken op',
    once: 'Dit staat hier maar één keer. Geef het in persoon, of lees het voor aan wie u kent.',
  },
  en: {
    operator: 'Operator',
    about: 'About',
    role: 'Role',
    roles: ROLES.en,
    organisation: 'Organisation',
    all: 'all',
    since: 'Since',
    until: 'Until',
    signs: 'Signs with',
    certificate: 'Certificate',
    active: 'active',
    ended: 'ended',
    never: 'never',
    yes: 'yes',
    no: 'no',
    means: { passkey: 'passkey', oidc: 'OpenID provider' } as Readonly<Record<string, string>>,
    code: 'One-time code',
    token: 'Token',
    usedAt: 'To be used at',
    once: 'This is shown once. Hand it over in person, or read it out to somebody you know.',
  },
};

export const OPERATORS = {
  nl: {
    title: 'Operators',
    about: 'Wie met de gateway werkt, en wat ieder mag.',
    none: 'Er is geen operator.',
    columns: {
      name: 'Naam',
      role: 'Rol',
      organisation: 'Organisatie',
      since: 'Sinds',
      ends: 'Tot',
      signs: 'Tekent mee',
    },
  },
  en: {
    title: 'Operators',
    about: 'Who works with the gateway, and what each may do.',
    none: 'There is no operator.',
    columns: {
      name: 'Name',
      role: 'Role',
      organisation: 'Organisation',
      since: 'Since',
      ends: 'Until',
      signs: 'Signs',
    },
  },
};

const OF = {
  nl: { operator: { label: 'Operator', hint: 'Alleen die van deze operator.' } },
  en: { operator: { label: 'Operator', hint: 'Only those of this operator.' } },
};

export const TOKENS = {
  nl: {
    title: 'Tokens',
    about: 'Waarmee programma’s van operators inloggen. Een token zelf wordt niet bewaard.',
    none: 'Er is geen token.',
    columns: {
      id: 'Token',
      operator: 'Operator',
      role: 'Rol',
      networks: 'Netwerken',
      ends: 'Tot',
      used: 'Laatst gebruikt',
      deed: 'Doen',
    },
    filters: OF.nl,
  },
  en: {
    title: 'Tokens',
    about: 'What programs of operators log in with. A token itself is not stored.',
    none: 'There is no token.',
    columns: {
      id: 'Token',
      operator: 'Operator',
      role: 'Role',
      networks: 'Networks',
      ends: 'Until',
      used: 'Last used',
      deed: 'Do',
    },
    filters: OF.en,
  },
};

export const PASSKEYS = {
  nl: {
    title: 'Passkeys',
    about: 'Waarmee operators hier inloggen.',
    none: 'Er is geen passkey.',
    columns: {
      id: 'Passkey',
      operator: 'Operator',
      since: 'Sinds',
      copied: 'Op meer apparaten',
      used: 'Laatst gebruikt',
      state: 'Toestand',
      deed: 'Doen',
    },
    filters: OF.nl,
  },
  en: {
    title: 'Passkeys',
    about: 'What operators use to log in here.',
    none: 'There is no passkey.',
    columns: {
      id: 'Passkey',
      operator: 'Operator',
      since: 'Since',
      copied: 'On several devices',
      used: 'Last used',
      state: 'State',
      deed: 'Do',
    },
    filters: OF.en,
  },
};

export const SESSIONS = {
  nl: {
    title: 'Sessies',
    about: 'Wie nu is ingelogd.',
    none: 'Niemand is ingelogd.',
    columns: {
      id: 'Sessie',
      operator: 'Operator',
      network: 'Netwerk',
      means: 'Met',
      since: 'Sinds',
      seen: 'Laatst gezien',
      deed: 'Doen',
    },
    filters: OF.nl,
  },
  en: {
    title: 'Sessions',
    about: 'Who is logged in now.',
    none: 'Nobody is logged in.',
    columns: {
      id: 'Session',
      operator: 'Operator',
      network: 'Network',
      means: 'By',
      since: 'Since',
      seen: 'Last seen',
      deed: 'Do',
    },
    filters: OF.en,
  },
};
