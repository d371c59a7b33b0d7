/** What a helpdesk can do with an account. */
import type { OperationResult } from '../../admin/operations.ts';
import { type Html, html } from '../../http/html.ts';
import type { Asked, Page } from '../core/page.ts';
import { timeOf } from '../../web/core/times.ts';
import { note } from '../../web/look/parts.ts';
import { type Deed, isOffered } from '../parts/deed.ts';
import { deedPagesOf } from '../parts/deed-pages.ts';
import { END } from './end-words.ts';
import { SCAN_EXEMPT } from './scan-exempt-words.ts';
import { OF_ACCOUNT } from './settings-words.ts';

interface AccountDeed extends Deed {
  readonly name: string;
  /** States of the account in which the action makes sense. */
  readonly states: readonly string[];
  /** Offered only while a client of the account is connected. */
  readonly connected?: true;
  /** Offered only while some of what the account submits is not scanned. */
  readonly exempt?: true;
}
type Given = Omit<AccountDeed, 'path' | 'caller'>;

const CODE_HOLDS = { nl: 'Te gebruiken tot', en: 'To be used until' };

/** The letters, which are shown this once. On paper each begins a new page. */
export const letters = ({ codes, refused }: OperationResult<'account.reset'>): Html =>
  html`${codes.map(({ letter }) => (letter === undefined ? undefined : html`<pre class="card letter" tabindex="0">${letter}</pre>`))}${refused.map(({ login, why }) => note('bad', html`<p>${login}: <span lang="en">${why}</span></p>`))}`;

export const DEEDS: readonly AccountDeed[] = (
  [
    {
      name: 'new-code',
      operation: 'account.reset',
      input: ({ login = '' }) => ({ login: [login], by: 'contact' }),
      states: ['active'],
      words: {
        nl: {
          button: 'Nieuwe code sturen',
          what: 'Het contact van de organisatie krijgt per mail een code. Daarmee kiest wie het account gebruikt een nieuw wachtwoord. Het oude wachtwoord werkt tot dan.',
          done: 'De code is verstuurd naar het contact van de organisatie.',
        },
        en: {
          button: 'Send a new code',
          what: 'The contact of the organisation gets a code by mail. With it the user chooses a new password. The old password works until then.',
          done: 'The code was sent to the contact of the organisation.',
        },
      },
    },
    {
      name: 'letter',
      operation: 'account.reset',
      input: ({ login = '' }) => ({ login: [login], by: 'letter' }),
      states: ['active'],
      shows: letters,
      words: {
        nl: {
          button: 'Brief met een code',
          what: 'U krijgt een brief om af te drukken en te sturen, met een code voor een nieuw wachtwoord. De brief is één keer te zien.',
          done: 'De brief staat hieronder. Druk hem nu af.',
        },
        en: {
          button: 'Letter with a code',
          what: 'You get a letter to print and send, with a code for a new password. The letter is shown once.',
          done: 'The letter is below. Print it now.',
        },
      },
    },
    {
      name: 'certificate',
      operation: 'cert.enrol',
      input: ({ login = '' }) => ({ account: login }),
      fields: ['use'],
      states: ['active'],
      shows: ({ code, codeExpires }: OperationResult<'cert.enrol'>, { language }: Asked): Html =>
        html`<p><output>${code}</output></p><p>${CODE_HOLDS[language]} ${timeOf(codeExpires, language)}</p>`,
      words: {
        nl: {
          button: 'Code voor een certificaat',
          what: 'U krijgt een code te zien, één keer. Daarmee haalt wie het account gebruikt een nieuw certificaat op. Het oude blijft geldig tot zijn einde.',
          done: 'Lees deze code voor, of schrijf hem over.',
          fields: { use: { label: 'Waarvoor', choices: { login: 'inloggen', mail: 'ondertekenen en versleutelen' } } },
        },
        en: {
          button: 'Code for a certificate',
          what: 'You are shown a code, once. With it the user fetches a new certificate. The old one is valid until its end.',
          done: 'Read this code out, or write it down.',
          fields: { use: { label: 'What for', choices: { login: 'login', mail: 'signing and encrypting' } } },
        },
      },
    },
    {
      name: 'end-sessions',
      operation: 'session.end',
      input: ({ login = '' }) => ({ ids: [], account: login }),
      states: ['active', 'ending', 'suspended'],
      connected: true,
      words: {
        nl: {
          button: 'Verbindingen verbreken',
          what: 'Alle open verbindingen van het account worden verbroken. Het programma mag meteen opnieuw verbinden.',
          done: 'De verbindingen zijn verbroken.',
        },
        en: {
          button: 'End connections',
          what: 'All open connections of the account are ended. The program may connect again at once.',
          done: 'The connections were ended.',
        },
      },
    },
    {
      name: 'settings',
      operation: 'account.set',
      input: ({ login = '' }) => ({ name: login }),
      fields: ['settings'],
      states: ['active', 'ending', 'suspended'],
      words: OF_ACCOUNT,
    },
    {
      name: 'scan-exempt',
      operation: 'scan.exempt.add',
      input: ({ login = '' }) => ({ login }),
      fields: ['edi-from', 'edi-to', 'ends'],
      states: ['active', 'suspended', 'ending'],
      words: SCAN_EXEMPT.add,
    },
    {
      name: 'scan-exempt-end',
      operation: 'scan.exempt.end',
      input: ({ login = '' }) => ({ login }),
      fields: ['edi-from', 'edi-to'],
      states: ['active', 'suspended', 'ending'],
      exempt: true,
      words: SCAN_EXEMPT.end,
    },
    {
      name: 'suspend',
      operation: 'account.suspend',
      input: ({ login = '' }) => ({ login: [login] }),
      states: ['active'],
      words: {
        nl: {
          button: 'Opschorten',
          what: 'Niemand logt meer in op dit account en het krijgt geen mail meer. Wat wacht blijft staan. Hervatten kan altijd.',
          done: 'Het account is opgeschort.',
        },
        en: {
          button: 'Suspend',
          what: 'Nobody can log in to this account from now on, and it gets no mail. What waits stays. It can be resumed at any time.',
          done: 'The account is suspended.',
        },
      },
    },
    {
      name: 'resume',
      operation: 'account.resume',
      input: ({ login = '' }) => ({ login: [login] }),
      states: ['suspended', 'ending'],
      words: {
        nl: {
          button: 'Hervatten',
          what: 'Het account werkt weer. Wachtwoorden en certificaten die zijn afgenomen komen niet terug.',
          done: 'Het account werkt weer.',
        },
        en: {
          button: 'Resume',
          what: 'The account works again. Passwords and certificates that were taken away do not come back.',
          done: 'The account works again.',
        },
      },
    },
    {
      name: 'move',
      operation: 'account.move',
      input: ({ login = '' }) => ({ login }),
      fields: ['organisation', 'since', 'grace'],
      needs: ['organisation', 'since'],
      looksFirst: true,
      states: ['active', 'suspended'],
      words: {
        nl: {
          button: 'Naar een andere organisatie',
          what: 'Het account gaat met zijn adressen naar een andere organisatie. Berichten van voor de gekozen dag blijven bij de oude organisatie.',
          done: 'Het account hoort nu bij de andere organisatie.',
          fields: {
            organisation: { label: 'Naar welke organisatie', hint: 'De korte naam, zoals praktijk-jansen.' },
            since: {
              label: 'Berichten gaan mee vanaf',
              hint: 'Een dag zoals 2026-11-01, of 14d voor twee weken terug.',
            },
            grace: {
              label: 'Zo lang haalt de oude organisatie nog op wat blijft',
              hint: 'Bijvoorbeeld 30d. Leeg: 30 dagen.',
            },
          },
        },
        en: {
          button: 'To another organisation',
          what: 'The account goes to another organisation, with its addresses. Messages from before the chosen day stay with the old organisation.',
          done: 'The account belongs to the other organisation now.',
          fields: {
            organisation: { label: 'To which organisation', hint: 'Its short name, such as praktijk-jansen.' },
            since: { label: 'Messages go along from', hint: 'A day such as 2026-11-01, or 14d for two weeks ago.' },
            grace: {
              label: 'How long the old organisation can collect what stays',
              hint: 'For example 30d. Empty: 30 days.',
            },
          },
        },
      },
    },
    {
      name: 'end',
      operation: 'account.end',
      input: ({ login = '' }) => ({ login }),
      fields: ['grace', 'successor'],
      looksFirst: true,
      states: ['active', 'suspended'],
      words: END.account,
    },
    {
      name: 'contain',
      operation: 'account.contain',
      input: ({ login = '' }) => ({ login: [login] }),
      proven: true,
      states: ['active', 'suspended', 'ending'],
      words: {
        nl: {
          button: 'Afsluiten: iemand anders heeft toegang',
          what: 'Het account wordt opgeschort. Alle wachtwoorden en certificaten vervallen voorgoed. Alle verbindingen worden verbroken.',
          done: 'Het account is afgesloten. Niemand komt er meer in.',
        },
        en: {
          button: 'Contain: somebody else has access',
          what: 'The account is suspended. All passwords and certificates end for good. All connections are ended.',
          done: 'The account is contained. Nobody can log in from now on.',
        },
      },
    },
  ] satisfies readonly Given[]
).map((deed) => ({ ...deed, path: `/accounts/{login}/${deed.name}`, caller: true }));

interface Shown {
  readonly state: string;
  readonly sessions?: readonly unknown[] | undefined;
  readonly scanExempt?: string | undefined;
  readonly scanExemptEdi?: readonly unknown[] | undefined;
}

export function deedsFor(asked: Asked, shown: Shown): readonly AccountDeed[] {
  const connected = (shown.sessions ?? []).length > 0;
  const exempt = shown.scanExempt !== undefined || (shown.scanExemptEdi ?? []).length > 0;
  return DEEDS.filter(
    (deed) =>
      isOffered(asked, deed) &&
      deed.states.includes(shown.state) &&
      (deed.connected !== true || connected) &&
      (deed.exempt !== true || exempt),
  );
}

export const deedPages: readonly Page[] = deedPagesOf(DEEDS);
