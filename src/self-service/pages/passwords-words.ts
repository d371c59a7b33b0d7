/** What the pages of passwords and certificates say, in both languages. */
import type { Both } from '../../web/parts/fields.ts';
import type { OwnDeedWords } from '../parts/deed.ts';

export const PASSWORDS = {
  nl: {
    title: 'Wachtwoorden en certificaten',
    own: 'Wachtwoorden van het account',
    ownHint: 'Een nieuw wachtwoord krijgt u met een code. Vraag die aan de helpdesk.',
    apps: 'App-wachtwoorden',
    noApps: 'Er zijn geen app-wachtwoorden.',
    newApp: 'App-wachtwoord maken',
    certificates: 'Certificaten',
    noCertificates: 'Er zijn geen certificaten.',
    newCertificate: 'Certificaat aanvragen of vernieuwen',
    name: 'Naam',
    may: 'Mag',
    used: 'Laatst gebruikt',
    ends: 'Geldig tot',
    deed: 'Doen',
    end: 'Beëindigen',
    never: 'nooit',
    scopes: { send: 'verzenden', fetch: 'ophalen', both: 'verzenden en ophalen' },
    login: 'Gebruikersnaam',
    password: 'App-wachtwoord',
    made: 'Dit is het app-wachtwoord',
    once: 'Zet het nu in het programma. Deze pagina toont het maar één keer.',
    issued: 'Dit is uw certificaat',
    issuedHint: 'Het certificaat is gemaakt. De certificaten van de uitgever staan eronder.',
    download: 'Opslaan als bestand',
    ended: 'Het app-wachtwoord is beëindigd.',
    revoked: 'Het certificaat is beëindigd.',
    back: 'Naar wachtwoorden en certificaten',
  },
  en: {
    title: 'Passwords and certificates',
    own: 'Passwords of the account',
    ownHint: 'A new password comes with a code. Ask the helpdesk for one.',
    apps: 'App passwords',
    noApps: 'There are no app passwords.',
    newApp: 'Make an app password',
    certificates: 'Certificates',
    noCertificates: 'There are no certificates.',
    newCertificate: 'Ask for a certificate, or renew one',
    name: 'Name',
    may: 'May',
    used: 'Last used',
    ends: 'Valid until',
    deed: 'Do',
    end: 'End',
    never: 'never',
    scopes: { send: 'send', fetch: 'fetch', both: 'send and fetch' },
    login: 'User name',
    password: 'App password',
    made: 'This is the app password',
    once: 'Put it into the program now. This page shows it only once.',
    issued: 'This is your certificate',
    issuedHint: 'The certificate was made. Those of its issuer are below it.',
    download: 'Save as a file',
    ended: 'The app password was ended.',
    revoked: 'The certificate was ended.',
    back: 'To passwords and certificates',
  },
};

export const ADD_APP: Both<OwnDeedWords> = {
  nl: {
    title: 'App-wachtwoord maken',
    lead: 'Voor één programma. U ziet het wachtwoord één keer, en u kunt het later los van de andere beëindigen.',
    button: 'Maken',
    back: 'Terug',
    fields: {
      name: { label: 'Welk programma', hint: 'Bijvoorbeeld de naam van uw systeem.' },
      scope: {
        label: 'Wat mag het programma',
        choices: { send: 'verzenden', fetch: 'ophalen', both: 'verzenden en ophalen' },
      },
      ends: { label: 'Laatste dag (hoeft niet)', hint: 'Een datum als 2027-12-31, of 365d voor een jaar.' },
    },
    refused: {
      exists: 'Er is al een app-wachtwoord met die naam, of er zijn er te veel.',
      failed: 'Dat ging niet. Kijk de invoer na, of bel de helpdesk.',
    },
  },
  en: {
    title: 'Make an app password',
    lead: 'For one program. You see the password once, and can end it later without touching the others.',
    button: 'Make it',
    back: 'Back',
    fields: {
      name: { label: 'Which program', hint: 'For example the name of your system.' },
      scope: { label: 'What it may do', choices: { send: 'send', fetch: 'fetch', both: 'send and fetch' } },
      ends: { label: 'Last day (optional)', hint: 'A date such as 2027-12-31, or 365d for a year.' },
    },
    refused: {
      exists: 'There is an app password of that name already, or there are too many.',
      failed: 'That did not work. Check what you typed, or call the helpdesk.',
    },
  },
};

export const END_APP: Both<OwnDeedWords> = {
  nl: {
    title: 'App-wachtwoord beëindigen',
    lead: 'Het programma dat dit wachtwoord heeft, komt er meteen niet meer in.',
    button: 'Beëindigen',
    back: 'Terug',
    fields: {},
    refused: { failed: 'Dat ging niet. Het is al beëindigd, of het is er niet.' },
  },
  en: {
    title: 'End an app password',
    lead: 'The program that has this password can no longer log in, from this moment on.',
    button: 'End it',
    back: 'Back',
    fields: {},
    refused: { failed: 'That did not work. It was ended already, or there is none.' },
  },
};

export const REVOKE: Both<OwnDeedWords> = {
  nl: {
    title: 'Certificaat beëindigen',
    lead: 'Wie dit certificaat heeft, komt er meteen niet meer in. Dit is niet terug te draaien.',
    button: 'Beëindigen',
    back: 'Terug',
    fields: {},
    refused: { failed: 'Dat ging niet. Het is al beëindigd, of het is er niet.' },
  },
  en: {
    title: 'End a certificate',
    lead: 'Whoever has this certificate no longer gets in, from this moment on. It cannot be undone.',
    button: 'End it',
    back: 'Back',
    fields: {},
    refused: { failed: 'That did not work. It was ended already, or there is none.' },
  },
};

export const NEW_CERTIFICATE: Both<OwnDeedWords> = {
  nl: {
    title: 'Certificaat aanvragen of vernieuwen',
    lead: 'Voor wie uw systeem beheert. De sleutel maakt u zelf en blijft bij u. Het oude certificaat werkt door.',
    button: 'Aanvragen',
    back: 'Terug',
    fields: {
      request: {
        label: 'Aanvraag (PKCS #10, PEM)',
        hint: 'Alles, van BEGIN tot en met END. Of kies een bestand hieronder.',
      },
    },
    file: { label: 'Of als bestand', hint: 'PEM of DER, hoogstens 16 KB.' },
    refused: {
      conflict: 'Dat kan nu niet. Bel de helpdesk.',
      failed: 'Deze aanvraag kan niet worden gebruikt. Maak een nieuwe, of bel de helpdesk.',
    },
  },
  en: {
    title: 'Ask for a certificate, or renew one',
    lead: 'For whoever looks after your system. You make the key, and it stays with you. The old certificate keeps working.',
    button: 'Ask for it',
    back: 'Back',
    fields: {
      request: { label: 'Request (PKCS #10, PEM)', hint: 'All of it, from BEGIN to END. Or choose a file below.' },
    },
    file: { label: 'Or as a file', hint: 'PEM or DER, at most 16 KB.' },
    refused: {
      conflict: 'That cannot be done now. Call the helpdesk.',
      failed: 'This request cannot be used. Make another one, or call the helpdesk.',
    },
  },
};
