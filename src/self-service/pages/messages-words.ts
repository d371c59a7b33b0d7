/** What the pages of sent messages say, in both languages. */
import type { SentState } from '../../notices/sent-status.ts';

type States = Readonly<Record<SentState, readonly [word: string, sentence: string]>>;

const NL: States = {
  delivered: ['afgeleverd', 'Het staat in de postbus van de ontvanger.'],
  collected: ['opgehaald', 'De ontvanger heeft het opgehaald.'],
  waiting: ['wacht', 'Het wacht op de mailserver van de ontvanger. Wij proberen het vanzelf opnieuw.'],
  relayed: ['afgeleverd', 'De mailserver van de ontvanger heeft het aangenomen.'],
  held: ['vastgehouden', 'De helpdesk moet ernaar kijken. Bel de helpdesk.'],
  failed: ['mislukt', 'Het kon niet worden afgeleverd. U kreeg daar een bericht over.'],
  withdrawn: ['teruggehaald', 'De helpdesk heeft het teruggehaald.'],
  expired: ['verlopen', 'Het is niet op tijd opgehaald en is verwijderd.'],
  'no-longer-kept': ['onbekend', 'Dit wordt niet meer bewaard.'],
};
const EN: States = {
  delivered: ['delivered', 'It is in the mailbox of the addressee.'],
  collected: ['collected', 'The addressee has collected it.'],
  waiting: ['waits', 'It waits for the mail server of the addressee. We try again by ourselves.'],
  relayed: ['delivered', 'The mail server of the addressee has accepted it.'],
  held: ['held', 'The helpdesk must look at it. Call the helpdesk.'],
  failed: ['failed', 'It could not be delivered. You were sent a message about that.'],
  withdrawn: ['taken back', 'The helpdesk has taken it back.'],
  expired: ['expired', 'It was not collected in time, and was removed.'],
  'no-longer-kept': ['unknown', 'This is no longer kept.'],
};

export const MESSAGES = {
  nl: {
    title: 'Verzonden bericht',
    id: 'Bericht-ID',
    idHint: 'Het kenmerk dat uw programma kreeg, of de Message-ID van het bericht.',
    find: 'Zoeken',
    latest: 'Laatst verzonden',
    none: 'U hebt de laatste tijd niets verzonden.',
    sentAt: 'Verzonden',
    from: 'Afzender',
    to: 'Ontvanger',
    ours: 'Ons kenmerk',
    recipients: 'Wat is ervan geworden',
    state: 'Toestand',
    since: 'Sinds',
    code: 'Antwoord',
    and: 'en nog',
    more: 'anderen',
    first: 'Dit zijn de eerste honderd ontvangers.',
    unknown: 'U hebt zo geen bericht verzonden.',
    back: 'Naar verzonden berichten',
    states: NL,
  },
  en: {
    title: 'Sent message',
    id: 'Message-ID',
    idHint: 'The reference that your program was given, or the Message-ID of the message.',
    find: 'Search',
    latest: 'Sent recently',
    none: 'You have sent nothing recently.',
    sentAt: 'Sent',
    from: 'Sender',
    to: 'Addressee',
    ours: 'Our reference',
    recipients: 'What became of it',
    state: 'State',
    since: 'Since',
    code: 'Reply',
    and: 'and',
    more: 'more',
    first: 'These are the first hundred addressees.',
    unknown: 'You have sent no such message.',
    back: 'To sent messages',
    states: EN,
  },
};
