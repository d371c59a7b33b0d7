/**
 * Why a login failed, in words that can be read out to the caller. A reason that has no words here
 * is shown in those of admin/login-words.ts.
 */
import type { Language } from '../../domain/registry.ts';

const WORDS: Readonly<Record<string, Readonly<Record<Language, string>>>> = {
  wrong: {
    nl: 'Het wachtwoord klopt niet, of het is verlopen. Typ het opnieuw in het programma.',
    en: 'The password is wrong, or it has ended. Type it again in the program.',
  },
  suspended: {
    nl: 'Het account is opgeschort, of de hele organisatie.',
    en: 'The account is suspended, or its whole organisation.',
  },
  ended: { nl: 'Het account is beëindigd. Dat blijft zo.', en: 'The account has ended. It stays so.' },
  throttled: {
    nl: 'Er kwamen te veel verkeerde wachtwoorden. Verbeter het wachtwoord en wacht enkele minuten.',
    en: 'Too many wrong passwords came. Correct the password and wait some minutes.',
  },
  overload: {
    nl: 'Het was te druk. Het programma probeert het vanzelf opnieuw.',
    en: 'It was too busy. The program tries again by itself.',
  },
  store: {
    nl: 'Er was een storing bij ons. Het programma probeert het vanzelf opnieuw.',
    en: 'Something failed on our side. The program tries again by itself.',
  },
  'password-off': {
    nl: 'Het wachtwoord was goed, maar dit account logt in met een certificaat.',
    en: 'The password was right, but this account logs in with a certificate.',
  },
  'certificate-missing': {
    nl: 'Het wachtwoord was goed, maar het certificaat ontbrak. Kies het in het programma.',
    en: 'The password was right, but the certificate was missing. Choose it in the program.',
  },
  'other-certificate': {
    nl: 'Het certificaat is van een ander account. Kies het juiste in het programma.',
    en: 'The certificate is that of another account. Choose the right one in the program.',
  },
  'app-scope': {
    nl: 'Dit app-wachtwoord is voor iets anders: alleen verzenden, of alleen ophalen.',
    en: 'This app password is for something else: only for sending, or only for fetching.',
  },
  'not-on-listener': {
    nl: 'Het programma gebruikt een poort die niet voor dit account is.',
    en: 'The program uses a port that is not for this account.',
  },
  'none-shown': {
    nl: 'Het programma toonde geen certificaat. Kies het in het programma.',
    en: 'The program showed no certificate. Choose it in the program.',
  },
  unregistered: {
    nl: 'Dit certificaat is niet geregistreerd voor een account.',
    en: 'This certificate is not registered for an account.',
  },
  'certificate-off': {
    nl: 'Dit account logt niet in met een certificaat. Stel het wachtwoord in.',
    en: 'This account does not log in with a certificate. Set the password.',
  },
  'password-missing': {
    nl: 'Naast het certificaat is ook het wachtwoord nodig.',
    en: 'The password is needed beside the certificate.',
  },
};

export const refusalWords = (reason: unknown, language: Language): string | undefined =>
  typeof reason === 'string' && Object.hasOwn(WORDS, reason) ? WORDS[reason]?.[language] : undefined;
