/** Words of exemptions from scanning for malware, in both languages. */
import type { Both, FieldWords } from '../../web/parts/fields.ts';
import type { DeedWords } from '../parts/deed.ts';

const PARTIES: Both<Readonly<Record<string, FieldWords>>> = {
  nl: {
    'edi-from': {
      label: 'Alleen interchanges van deze afzender',
      hint: 'Zoals de envelop (UNB of MSH) hem noemt: 500123456 of 500123456:ZZ. Leeg: alles wat het account verstuurt.',
    },
    'edi-to': { label: 'En daarvan alleen die voor deze ontvanger', hint: 'Leeg: voor iedereen.' },
  },
  en: {
    'edi-from': {
      label: 'Only interchanges of this sender',
      hint: 'As the envelope (UNB or MSH) names it: 500123456 or 500123456:ZZ. Empty: all that the account submits.',
    },
    'edi-to': { label: 'And of these only those for this recipient', hint: 'Empty: for anybody.' },
  },
};

export const SCAN_EXEMPT = {
  add: {
    nl: {
      button: 'Niet op malware scannen',
      what: 'Wat het account verstuurt gaat ongescand door, of alleen interchanges van één afzender. Voor een vals alarm van de scanner. Twee mensen moeten ermee instemmen. Eén mens kan het beëindigen.',
      done: 'Wat u koos gaat ongescand door. Elk bericht krijgt dat als merk in zijn spoor.',
      fields: {
        ...PARTIES.nl,
        ends: {
          label: 'Tot wanneer',
          hint: 'Een dag zoals 2026-12-31, of 14d. Nodig bij interchanges. Leeg: tot iemand het beëindigt.',
        },
      },
    },
    en: {
      button: 'Do not scan for malware',
      what: 'What the account submits passes unscanned, or only interchanges of one sender. For a false alarm of the scanner. Two people must agree to it. One person can end it.',
      done: 'What you chose passes unscanned. Each message is marked so in its trace.',
      fields: {
        ...PARTIES.en,
        ends: {
          label: 'Until when',
          hint: 'A day such as 2026-12-31, or 14d. Needed for interchanges. Empty: until somebody ends it.',
        },
      },
    },
  },
  end: {
    nl: {
      button: 'Weer op malware scannen',
      what: 'Wat het account verstuurt wordt weer gescand, vanaf het volgende bericht. Twee mensen kunnen het opnieuw uitzetten.',
      done: 'Het wordt weer gescand.',
      fields: PARTIES.nl,
    },
    en: {
      button: 'Scan for malware again',
      what: 'What the account submits is scanned again, from the next message on. Two people can exempt it again.',
      done: 'It is scanned again.',
      fields: PARTIES.en,
    },
  },
} satisfies Readonly<Record<string, Both<DeedWords>>>;
