/**
 * What the frame of every page says, in both languages. Each thing has one term: docs/style.md
 * lists them.
 */
export const FRAME = {
  nl: {
    skip: 'Naar de inhoud',
    menu: 'Menu',
    loggedIn: 'Ingelogd als',
    logOut: 'Uitloggen',
    other: 'English',
    help: 'Helpdesk:',
  },
  en: {
    skip: 'To the content',
    menu: 'Menu',
    loggedIn: 'Logged in as',
    logOut: 'Log out',
    other: 'Nederlands',
    help: 'Helpdesk:',
  },
};
