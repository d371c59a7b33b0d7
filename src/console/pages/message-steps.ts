/**
 * What happened to a message, in words that can be read out to a caller. Each row of the trail is
 * one step. A step that has no words here is shown by its name.
 *
 * Each step belongs to somebody: to the recipients that it names, to the mailbox in which it
 * happened, or else to the sender.
 */
import type { CopyView, EventView } from '../../admin/delivery-views.ts';
import type { Language } from '../../domain/registry.ts';
import type { Hole } from '../../http/html.ts';
import { html } from '../../http/html.ts';
import { filled } from '../../web/core/filled.ts';

export const STEPS = {
  nl: {
    accepted: 'De gateway nam het aan.',
    written: 'De gateway schreef dit bericht zelf.',
    imported: 'Het is overgenomen van een andere server.',
    protected: 'Het is beveiligd: {protection}.',
    'not-encrypted': 'Het ging onversleuteld, want de ontvanger heeft geen sleutel.',
    collected: 'Het is opgehaald{from}. Het bleef in de postbus.',
    'collected-removed': 'Het is opgehaald{from} en uit de postbus verwijderd.',
    'collected-part': 'Een deel is opgehaald{from}.',
    exported: 'Het is meegegeven in een kopie van de postbus, door {actor}.',
    deleted: 'Het is verwijderd zonder het op te halen.',
    expired: 'Het is na {days} dagen uit de postbus gehaald. Niemand had het opgehaald.',
    withdrawn: '{actor} haalde het terug: {reason}',
    erased: '{actor} wiste de inhoud: {reason}',
    restored: '{actor} zette het opnieuw klaar: {reason}',
    relayed: 'De mailserver van {partner} nam het aan.',
    failed: 'De bezorging bij {partner} is gestopt.',
    'failed-operator': '{actor} stopte de bezorging: {reason}',
    delayed: 'De mailserver van {partner} nam het nog niet aan. Wij proberen het verder.',
    held: '{actor} hield het vast: {reason}',
    'held-restored': 'Het wordt vastgehouden, want de gateway is teruggezet uit een back-up.',
    'held-aside': 'Het is uit de postbus genomen en wordt vastgehouden: een mailprogramma bleef erbij steken.',
    released: '{actor} gaf het vrij: {reason}',
    hurried: '{actor} liet het meteen opnieuw proberen: {reason}',
    refiled: 'Het adres is verhuisd. De bezorging ging mee.',
    verified: 'De handtekening klopt.',
    'verified-not': 'De handtekening klopt niet.',
    opened: 'Het is voor de ontvanger ontsleuteld met de sleutel die wij bewaren.',
    'opened-not': 'Het kon niet worden ontsleuteld met de sleutel die wij bewaren.',
    'scan-found': 'Er zit malware in: {signature}.',
    'scan-marked': 'Het is aangenomen zonder volledige controle op malware.',
    'edi-held': 'Het wordt vastgehouden, want er klopt iets niet in het EDI-bericht.',
    'edi-warned': 'Er klopt iets niet in het EDI-bericht. Het is wel bezorgd.',
    'edi-repeated': 'Dit EDI-bericht kwam al eerder: referentie {reference}.',
    'edi-repackaged': 'Deze EDI-inhoud kwam al eerder, onder een andere referentie dan {reference}.',
    bundle: 'Het bewijs is uitgegeven aan {actor}: {reason}',
    'not-told': 'Een bericht daarover kon niet worden bezorgd.',
    from: ' vanaf {network}',
    notice: {
      failed: 'De afzender kreeg bericht dat het niet is bezorgd.',
      delayed: 'De afzender kreeg bericht dat het later komt.',
      relayed: 'De afzender kreeg bericht dat het is overgedragen.',
      filed: 'De afzender kreeg bericht dat het in de postbus ligt.',
      collected: 'De afzender kreeg bericht dat het is opgehaald.',
      'collected-again': 'De afzender kreeg nogmaals bericht dat het is opgehaald.',
      'not-collected': 'De afzender kreeg bericht dat het nog niet is opgehaald.',
      expired: 'De afzender kreeg bericht dat niemand het heeft opgehaald.',
      withdrawn: 'De afzender kreeg bericht dat het is teruggehaald.',
      held: 'De afzender kreeg bericht dat het wordt vastgehouden.',
      'held-operator': 'De helpdesk kreeg bericht dat het wordt vastgehouden.',
      contrl: 'Het programma van de afzender kreeg een technisch antwoord (CONTRL).',
      absence: 'De afzender kreeg bericht dat de ontvanger afwezig is.',
      other: 'Er is een bericht over gestuurd.',
    },
    contact: 'Het ging naar het contact van de organisatie.',
    operator: 'Het ging naar de helpdesk.',
    open: 'Volg dat bericht',
    reply: 'Antwoord',
  },
  en: {
    accepted: 'The gateway accepted it.',
    written: 'The gateway wrote this message itself.',
    imported: 'It was taken over from another server.',
    protected: 'It was protected: {protection}.',
    'not-encrypted': 'It went without encryption, since the addressee has no key.',
    collected: 'It was fetched{from}. It stayed in the mailbox.',
    'collected-removed': 'It was fetched{from} and deleted from the mailbox.',
    'collected-part': 'A part was fetched{from}.',
    exported: 'It was given out in a copy of the mailbox, by {actor}.',
    deleted: 'It was deleted without being fetched.',
    expired: 'It was taken out of the mailbox after {days} days. Nobody had fetched it.',
    withdrawn: '{actor} took it back: {reason}',
    erased: '{actor} erased the content: {reason}',
    restored: '{actor} handed it out again: {reason}',
    relayed: 'The mail server of {partner} accepted it.',
    failed: 'The delivery to {partner} has ended.',
    'failed-operator': '{actor} ended the delivery: {reason}',
    delayed: 'The mail server of {partner} has not accepted it yet. We keep trying.',
    held: '{actor} held it: {reason}',
    'held-restored': 'It is held, because the gateway was restored from a backup.',
    'held-aside': 'It was taken out of the mailbox and is held: a mail program was stuck at it.',
    released: '{actor} released it: {reason}',
    hurried: '{actor} had it tried again at once: {reason}',
    refiled: 'The address has moved. The delivery went along.',
    verified: 'The signature is right.',
    'verified-not': 'The signature is not right.',
    opened: 'It was decrypted for the addressee with the key that we hold.',
    'opened-not': 'It could not be decrypted with the key that we hold.',
    'scan-found': 'There is malware in it: {signature}.',
    'scan-marked': 'It was accepted without a full scan for malware.',
    'edi-held': 'It is held, since something is wrong in its EDI data.',
    'edi-warned': 'Something is wrong in its EDI data. It was delivered all the same.',
    'edi-repeated': 'This interchange came before: reference {reference}.',
    'edi-repackaged': 'This EDI content came before, under another reference than {reference}.',
    bundle: 'The evidence was given out to {actor}: {reason}',
    'not-told': 'A notice about it could not be delivered.',
    from: ' from {network}',
    notice: {
      failed: 'The sender was told that it was not delivered.',
      delayed: 'The sender was told that it comes later.',
      relayed: 'The sender was told that it was handed over.',
      filed: 'The sender was told that it is in the mailbox.',
      collected: 'The sender was told that it was collected.',
      'collected-again': 'The sender was told once more that it was collected.',
      'not-collected': 'The sender was told that it was not collected yet.',
      expired: 'The sender was told that nobody collected it.',
      withdrawn: 'The sender was told that it was taken back.',
      held: 'The sender was told that it is held.',
      'held-operator': 'The helpdesk was told that it is held.',
      contrl: "The sender's program got a technical answer (CONTRL).",
      absence: 'The sender was told that the addressee is away.',
      other: 'A message was sent about it.',
    },
    contact: 'It went to the contact of the organisation.',
    operator: 'It went to the helpdesk.',
    open: 'Follow that message',
    reply: 'Reply',
  },
};
type Words = (typeof STEPS)['nl'];
type Step = Exclude<keyof Words, 'notice'>;

/** Events that always have the same words, whatever their facts. */
const PLAIN: Readonly<Record<string, Step>> = {
  'message.imported': 'imported',
  'message.protected': 'protected',
  'message.not-encrypted': 'not-encrypted',
  'message.exported': 'exported',
  'message.deleted': 'deleted',
  'message.expired': 'expired',
  'message.withdrawn': 'withdrawn',
  'message.erased': 'erased',
  'maildrop.restored': 'restored',
  'delivery.relayed': 'relayed',
  'delivery.delayed': 'delayed',
  'delivery.released': 'released',
  'delivery.hurried': 'hurried',
  'delivery.refiled': 'refiled',
  'scan.found': 'scan-found',
  'scan.marked': 'scan-marked',
  'edi.held': 'edi-held',
  'edi.warned': 'edi-warned',
  'edi.repeated': 'edi-repeated',
  'edi.repackaged': 'edi-repackaged',
  'evidence.bundle': 'bundle',
  'notice.nowhere': 'not-told',
  'notice.not-protected': 'not-told',
  'notice.not-filed': 'not-told',
};

function stepOf({ event, outcome, facts }: EventView): Step | undefined {
  switch (event) {
    case 'message.accepted':
      return facts.notice === undefined ? 'accepted' : 'written';
    case 'message.collected':
      return facts.part !== undefined ? 'collected-part' : facts.removed === true ? 'collected-removed' : 'collected';
    case 'delivery.failed':
      return facts.operator === true ? 'failed-operator' : 'failed';
    case 'delivery.held':
      return facts.restored === true ? 'held-restored' : facts['set-aside'] === true ? 'held-aside' : 'held';
    case 'smime.verified':
    case 'pgp.verified':
      return outcome === 'success' ? 'verified' : 'verified-not';
    case 'smime.opened':
    case 'pgp.opened':
      return outcome === 'success' ? 'opened' : 'opened-not';
    default:
      return PLAIN[event];
  }
}

/**
 * True for rows about operators: who looked at the message, and who asked for a change. They are
 * shown apart from the steps.
 */
export const isAboutPeople = ({ event }: EventView): boolean =>
  event === 'operator.looked' || event === 'operator.changed';

const textIn = (value: unknown): string | undefined =>
  typeof value === 'string' || typeof value === 'number' ? String(value) : undefined;

/**
 * The words of a step. `partner`: the name of the partner, if the step is part of a delivery to
 * one.
 */
export function stepText(event: EventView, language: Language, partner?: string): Hole {
  const words = STEPS[language];
  const { facts } = event;
  if (event.event === 'notice.filed') return noticeText(words, facts);
  const step = stepOf(event);
  if (step === undefined) return html`<span lang="en">${event.event}</span>`;
  const network = textIn(facts.address) ?? textIn(facts.network);
  const values = {
    ...Object.fromEntries(
      ['actor', 'reason', 'days', 'protection', 'reference', 'signature'].map((name) => [
        name,
        textIn(facts[name]) ?? '-',
      ]),
    ),
    partner: partner ?? textIn(facts.partner) ?? '-',
    from: network === undefined ? '' : filled(words.from, { network }),
  };
  const reply = textIn(facts.reply);
  // If an operator ended the delivery, the reply would only repeat his reason.
  const told = reply === undefined || step === 'failed-operator' ? undefined : reply;
  const why = textIn(facts.why);
  return [
    filled(words[step], values),
    told === undefined ? undefined : html`<br><span class="soft">${words.reply}: <span lang="en">${told}</span></span>`,
    why === undefined ? undefined : html`<br><span class="soft" lang="en">${why}</span>`,
  ];
}

function noticeText(words: Words, facts: EventView['facts']): Hole {
  const kind = `${textIn(facts.notice) ?? ''}${facts.again === true ? '-again' : ''}`;
  const known = words.notice as Readonly<Record<string, string>>;
  const to = facts.to === 'contact' ? words.contact : facts.to === 'operator' ? words.operator : undefined;
  const told = textIn(facts.as);
  return [
    Object.hasOwn(known, kind) ? known[kind] : words.notice.other,
    to === undefined || kind === 'held-operator' ? '' : ` ${to}`,
    told === undefined ? undefined : html` <a href="/messages/${told}">${words.open}</a>`,
  ];
}

const textsIn = (value: unknown): readonly string[] =>
  typeof value === 'string'
    ? [value]
    : Array.isArray(value)
      ? value.filter((one): one is string => typeof one === 'string')
      : [];

/**
 * Events that happen in a mailbox: their account is the addressee's. The account of all other
 * events is the sender's.
 */
const IN_MAILBOX = /^(?:message\.(?:collected|deleted|expired|exported)|maildrop\.)/;

/**
 * Finds to whom a step belongs: the indexes of the copies that it is about; none if it is the
 * sender's. The copies are indexed once, however many steps there are.
 */
export function stepOwners(copies: readonly CopyView[]): (event: EventView) => readonly number[] {
  const [named, within, delivered] = [
    new Map<unknown, number[]>(),
    new Map<unknown, number[]>(),
    new Map<unknown, number[]>(),
  ];
  const put = (into: Map<unknown, number[]>, key: unknown, i: number): void => {
    if (key === undefined) return;
    const there = into.get(key);
    if (there === undefined) into.set(key, [i]);
    else there.push(i);
  };
  for (const [i, { recipient, account, delivery }] of copies.entries()) {
    put(named, recipient.toLowerCase(), i);
    put(within, account, i);
    put(delivered, delivery?.id, i);
  }
  return ({ event, account, facts }) => {
    if (event === 'message.accepted') return [];
    if (IN_MAILBOX.test(event)) return within.get(account) ?? [];
    if (facts.delivery !== undefined) return delivered.get(facts.delivery) ?? [];
    return [...textsIn(facts.recipient), ...textsIn(facts.recipients)].flatMap(
      (text) => named.get(text.toLowerCase()) ?? [],
    );
  };
}
