/** What the frame of every page says, in both languages. Each thing has one term: docs/style.md lists them. */
export const FRAME = {
  nl: {
    skip: 'Naar de inhoud',
    menu: 'Menu',
    today: 'Vandaag',
    search: 'Zoeken',
    registers: 'Overzichten',
    loggedIn: 'Ingelogd als',
    logOut: 'Uitloggen',
    other: 'English',
    help: 'Helpdesk:',
  },
  en: {
    skip: 'To the content',
    menu: 'Menu',
    today: 'Today',
    search: 'Search',
    registers: 'Registers',
    loggedIn: 'Logged in as',
    logOut: 'Log out',
    other: 'Nederlands',
    help: 'Helpdesk:',
  },
};
