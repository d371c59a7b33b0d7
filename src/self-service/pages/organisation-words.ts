/** What the page of an organisation says, in both languages. */
export const ORGANISATION = {
  nl: {
    title: 'Organisatie',
    about: 'U leest de mail voor het contact van',
    deeds: 'Ieder account regelt zijn eigen zaken. Bel voor iets anders de helpdesk.',
    login: 'Gebruikersnaam',
    addresses: 'Adressen',
    state: 'Toestand',
    waiting: 'Berichten die wachten',
    lastLogin: 'Laatste dag ingelogd',
    never: 'nooit',
    next: 'Volgende',
  },
  en: {
    title: 'Organisation',
    about: 'You read the mail for the contact of',
    deeds: 'Each account manages itself. Call the helpdesk for anything else.',
    login: 'User name',
    addresses: 'Addresses',
    state: 'State',
    waiting: 'Messages that wait',
    lastLogin: 'Last day logged in',
    never: 'never',
    next: 'Next',
  },
};
