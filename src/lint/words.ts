/** The remarks of a test report, in words for people who build systems for practices. */
import type { EdiRemarkKind } from '../domain/interchange.ts';
import type { Quirk } from '../domain/quirks.ts';
import type { Language } from '../domain/registry.ts';

export type Words = Readonly<Record<Language, string>>;

/** For each deviation what the program does and what it should do. `n`: how often. */
export const quirkWords: Readonly<Record<Exclude<Quirk, 'last' | 'no-uidl' | 'delete-on-disconnect'>, Words>> = {
  'command-lf': {
    nl: 'Uw programma sluit opdrachten af met LF alleen. Sluit elke opdracht af met CRLF.',
    en: 'Your program ends its commands in LF alone. End each command with CRLF.',
  },
  'lf-only': {
    nl: 'Uw programma gebruikt nergens CR, ook niet rond de laatste punt van het bericht. Gebruik overal CRLF.',
    en: 'Your program uses no CR anywhere, not even around the final dot of the message. Use CRLF everywhere.',
  },
  helo: {
    nl: 'Uw programma begint met HELO. STARTTLS en AUTH horen bij EHLO.',
    en: 'Your program begins with HELO. STARTTLS and AUTH belong to EHLO.',
  },
  'login-initial': {
    nl: 'Uw programma stuurt de gebruikersnaam mee in de regel AUTH LOGIN. Wacht op de vraag van de server, of gebruik AUTH PLAIN.',
    en: 'Your program sends the user name in the line AUTH LOGIN. Wait for the challenge, or use AUTH PLAIN.',
  },
  'path-blanks': {
    nl: 'Er staan spaties rond het adres. Schrijf MAIL FROM:<adres> en RCPT TO:<adres>.',
    en: 'There are spaces around the address. Write MAIL FROM:<address> and RCPT TO:<address>.',
  },
  'no-brackets': {
    nl: 'Het adres staat niet tussen < en >. Schrijf MAIL FROM:<adres> en RCPT TO:<adres>.',
    en: 'The address has no < and > around it. Write MAIL FROM:<address> and RCPT TO:<address>.',
  },
  'line-ends': {
    nl: 'Het bericht bevat losse CR- of LF-tekens; de ontvanger krijgt daarvoor CRLF. Sluit elke regel af met CRLF, en codeer bestanden als base64, anders veranderen ze.',
    en: 'The message has bare CR or LF; the addressee gets CRLF for each. End every line with CRLF, and encode files as base64, or they change.',
  },
  nul: {
    nl: 'Het bericht bevat NUL-tekens. Zo wordt het altijd geweigerd: codeer binaire inhoud als base64.',
    en: 'The message has NUL octets. It is always refused like that: encode binary content as base64.',
  },
  'long-lines': {
    nl: 'Het bericht heeft regels van meer dan 998 tekens. Sommige mailservers weigeren of knippen die: codeer zulke inhoud als base64 of quoted-printable.',
    en: 'The message has lines of more than 998 octets. Some mail servers refuse or cut them: encode such content as base64 or quoted-printable.',
  },
  'eight-bit': {
    nl: 'Er staan tekens buiten ASCII in het bericht, en het noemt geen tekenset. Zet MIME-Version, Content-Type met charset en Content-Transfer-Encoding in de kop.',
    en: 'The message has characters outside ASCII and does not name their character set. Send MIME-Version, Content-Type with a charset, and Content-Transfer-Encoding.',
  },
  'no-date': {
    nl: 'Het veld Date ontbreekt; de gateway zet er een bij met de tijd van ontvangst.',
    en: 'There is no Date field; the gateway adds one with the time it received the message.',
  },
  'no-message-id': {
    nl: 'Het veld Message-ID ontbreekt; de gateway zet er een bij. Zonder eigen kenmerk is dubbel verzenden niet te herkennen.',
    en: 'There is no Message-ID field; the gateway adds one. Without your own, sending twice cannot be recognised.',
  },
};

/** An interchange's deviations (domain/interchange.ts). */
export const ediWords: Readonly<Record<EdiRemarkKind, Words>> = {
  'unb-unreadable': { nl: 'het UNB-segment is niet te lezen', en: 'the UNB segment cannot be read' },
  'unt-count': { nl: 'het aantal segmenten in UNT klopt niet', en: 'the count of segments in UNT is wrong' },
  'une-count': { nl: 'het aantal berichten in UNE klopt niet', en: 'the count of messages in UNE is wrong' },
  'unz-count': { nl: 'het aantal berichten of groepen in UNZ klopt niet', en: 'the count in UNZ is wrong' },
  'unt-reference': { nl: 'het kenmerk in UNT is niet dat van UNH', en: 'the reference in UNT is not that of UNH' },
  'une-reference': { nl: 'het kenmerk in UNE is niet dat van UNG', en: 'the reference in UNE is not that of UNG' },
  'unz-reference': { nl: 'het kenmerk in UNZ is niet dat van UNB', en: 'the reference in UNZ is not that of UNB' },
  'unt-missing': { nl: 'UNT ontbreekt', en: 'UNT is missing' },
  'une-missing': { nl: 'UNE ontbreekt', en: 'UNE is missing' },
  'unz-missing': { nl: 'UNZ ontbreekt', en: 'UNZ is missing' },
  'terminator-missing': {
    nl: 'het laatste segment heeft geen afsluitteken',
    en: 'the last segment lacks its terminator',
  },
  'segment-outside': {
    nl: 'een segment staat buiten elk bericht',
    en: 'a segment belongs to no message',
  },
  'segment-long': { nl: 'een servicesegment is te lang', en: 'a service segment is too long' },
  'object-length': {
    nl: 'de lengte van een binair object (UNO) klopt niet',
    en: 'the length of a binary object (UNO) is wrong',
  },
  charset: {
    nl: 'er staan tekens buiten ASCII in een bericht dat UNOA of UNOB zegt te zijn; met UNOC is Latin-1 toegestaan',
    en: 'there are characters outside ASCII in an interchange that says UNOA or UNOB; UNOC allows Latin-1',
  },
  'bts-count': { nl: 'het aantal berichten in BTS-1 klopt niet', en: 'the count in BTS-1 is wrong' },
  'fts-count': { nl: 'het aantal batches in FTS-1 klopt niet', en: 'the count in FTS-1 is wrong' },
  'batch-end': {
    nl: 'het einde van de batch (BTS of FTS) ontbreekt',
    en: 'the end of the batch (BTS or FTS) is missing',
  },
  'parties-differ': {
    nl: 'berichten van verschillende partijen zonder batch',
    en: 'messages of several parties without a batch',
  },
  types: { nl: 'meer soorten berichten dan worden geteld', en: 'more kinds of messages than are counted' },
};
