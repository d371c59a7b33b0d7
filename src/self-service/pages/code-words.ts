/** What the pages of codes say beside the words that they share with the listener of codes (http/page-words.ts). */
export const CODE = {
  nl: {
    password: 'Nieuw wachtwoord',
    requestHint: 'Alles, van BEGIN tot en met END.',
    forCertificate: 'Is de code voor een certificaat?',
    toCertificate: 'Certificaat ophalen met een code',
    toPassword: 'Een wachtwoord krijgen met een code',
    toLogIn: 'Inloggen',
  },
  en: {
    password: 'New password',
    requestHint: 'All of it, from BEGIN to END.',
    forCertificate: 'Is the code for a certificate?',
    toCertificate: 'Fetch a certificate with a code',
    toPassword: 'Get a password with a code',
    toLogIn: 'Log in',
  },
};
