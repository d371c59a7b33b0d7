/**
 * What the pages of codes say, and what programs hear there, in both languages: read by a practice
 * assistant between two telephone calls.
 */
import type { OwnProblems } from '../../web/look/problem.ts';
import { MIN_PASSWORD } from '../../ca/enrol/window.ts';

export const CODE = {
  nl: {
    lead: 'Hebt u een brief of een bericht met een code? Hier krijgt u er een wachtwoord voor. Een code werkt één keer.',
    login: 'Gebruikersnaam',
    code: 'Code',
    codeHint: 'Zes groepjes van vier tekens. Streepjes en hoofdletters maken niet uit.',
    passwordTitle: 'Nieuw wachtwoord',
    own: 'Zelf een wachtwoord kiezen (hoeft niet)',
    ownHint: `Leeg: u krijgt een sterk wachtwoord van ons, dat is het beste. Zelf kiezen: minstens ${MIN_PASSWORD} tekens.`,
    passwordButton: 'Toon mijn wachtwoord',
    certificateTitle: 'Certificaat (voor wie uw systeem beheert)',
    certificateLead: 'De sleutel maakt u zelf en blijft bij u. Hier gaat alleen de aanvraag in (PKCS #10).',
    request: 'Aanvraag, PEM',
    requestHint: 'Alles, van BEGIN tot en met END. Of kies een bestand hieronder.',
    file: 'Of als bestand',
    fileHint: 'PEM of DER, hoogstens 16 KB.',
    certificateButton: 'Geef mij het certificaat',
    done: 'Dit is uw nieuwe wachtwoord',
    doneOwn: 'Uw wachtwoord is ingesteld',
    once: 'Zet het nu in uw programma. Deze pagina toont het maar één keer; het oude wachtwoord werkt niet meer.',
    onceOwn: 'Zet het nu in uw programma. Het oude wachtwoord werkt niet meer.',
    ends: 'Geldig tot',
    servers: 'Uw programma heeft ook deze gegevens nodig',
    certificateDone: 'Dit is uw certificaat, met de certificaten erboven',
    download: 'Opslaan als bestand',
    password: 'Nieuw wachtwoord',
    forCertificate: 'Is de code voor een certificaat?',
    toCertificate: 'Certificaat ophalen met een code',
    toPassword: 'Een wachtwoord krijgen met een code',
    toLogIn: 'Inloggen',
    refused:
      'Deze gebruikersnaam en code horen niet bij elkaar. Of de code is gebruikt, te oud of te vaak fout getypt. Controleer beide, of vraag de helpdesk om een nieuwe code.',
  },
  en: {
    lead: 'Do you have a letter or a message with a code? Here you get a password for it. A code works once.',
    login: 'User name',
    code: 'Code',
    codeHint: 'Six groups of four characters. Dashes and capitals do not matter.',
    passwordTitle: 'New password',
    own: 'Choose a password yourself (optional)',
    ownHint: `Empty: you get a strong password from us, which is best. Your own: at least ${MIN_PASSWORD} characters.`,
    passwordButton: 'Show my password',
    certificateTitle: 'Certificate (for the person who looks after your system)',
    certificateLead: 'You make the key yourself, and it stays with you. Only the request comes here (PKCS #10).',
    request: 'Request, PEM',
    requestHint: 'All of it, from BEGIN to END. Or choose a file below.',
    file: 'Or as a file',
    fileHint: 'PEM or DER, at most 16 KB.',
    certificateButton: 'Give me the certificate',
    done: 'This is your new password',
    doneOwn: 'Your password is set',
    once: 'Put it into your program now. This page shows it only once; the old password no longer works.',
    onceOwn: 'Put it into your program now. The old password no longer works.',
    ends: 'Valid until',
    servers: 'Your program also needs this',
    certificateDone: 'This is your certificate, with those above it',
    download: 'Save as a file',
    password: 'New password',
    forCertificate: 'Is the code for a certificate?',
    toCertificate: 'Fetch a certificate with a code',
    toPassword: 'Get a password with a code',
    toLogIn: 'Log in',
    refused:
      'This user name and code do not belong together. Or the code was used, is too old, or was mistyped too often. Check both, or ask the helpdesk for a new code.',
  },
};

/** Why a code was not used. Programs show these to people: they stay as they are. */
export const PROBLEM = {
  nl: {
    help: 'Hulp nodig? Helpdesk:',
    refused:
      'Deze gebruikersnaam en code horen niet bij elkaar, of de code is gebruikt, te oud of te vaak fout getypt. Controleer beide, of vraag de helpdesk om een nieuwe code.',
    busy: 'Er is te vaak een verkeerde code ingevuld. Wacht even en probeer het dan opnieuw. Uw code is nog goed.',
    failed:
      'Het lukt nu niet door een storing bij ons. Er is niets veranderd en uw code is nog goed. Probeer het later opnieuw.',
    password: `Dit wachtwoord kan niet: minstens ${MIN_PASSWORD} tekens, en niet alleen een bekend woord, een naam, een jaartal of een rij toetsen. Drie of vier woorden die niets met elkaar te maken hebben zijn goed. Uw code is nog goed.`,
    csr: 'Deze aanvraag kan niet worden gebruikt. Uw code is nog goed.',
    origin: 'Dit formulier kwam niet van deze pagina. Open de pagina zelf en vul het daar in.',
    malformed: 'Het formulier is niet compleet: gebruikersnaam en code zijn nodig.',
    large: 'Dat is te groot: hoogstens 16 KB.',
    type: 'De gateway kan dit formulier niet lezen. Stuur het als formulier, multipart of JSON.',
    missing: 'Deze pagina is er niet.',
    method: 'Deze pagina kan dit verzoek niet aan. Open haar in een browser.',
  },
  en: {
    help: 'Need help? Helpdesk:',
    refused:
      'This user name and code do not belong together, or the code was used, is too old, or was mistyped too often. Check both, or ask the helpdesk for a new code.',
    busy: 'Wrong codes were given too often. Wait some minutes and try again. Your code is still good.',
    failed:
      'It does not work now, because of a fault on our side. Nothing has changed and your code is still good. Try again later.',
    password: `This password cannot be used: at least ${MIN_PASSWORD} characters, and not only a known word, a name, a year or a row of keys. Three or four words that have nothing to do with each other are good. Your code is still good.`,
    csr: 'This request cannot be used. Your code is still good.',
    origin: 'This form did not come from this page. Open the page itself and fill it in there.',
    malformed: 'The form is not complete: user name and code are needed.',
    large: 'That is too large: at most 16 KB.',
    type: 'The gateway cannot read this form. Send it as a form, multipart or JSON.',
    missing: 'There is no such page.',
    method: 'This page does not accept this request. Open it in a browser.',
  },
};

export type CodeProblem = keyof (typeof PROBLEM)['nl'];

/** Of the listener that has these pages alone. */
export const CODES_PROBLEMS: OwnProblems = {
  nl: {
    back: 'Terug naar het formulier',
    missing: ['Deze pagina is er niet', 'Kijk of het adres klopt, of ga naar het formulier.'],
  },
  en: {
    back: 'Back to the form',
    missing: ['This page does not exist', 'See whether the address is right, or go to the form.'],
  },
};
