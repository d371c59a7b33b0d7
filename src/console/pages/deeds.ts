/** What a helpdesk does to an account. */
import { rightOf } from '../../admin/operations.ts';
import type { Asked, Page } from '../core/page.ts';
import { type Deed, deedPagesOf } from '../parts/deed.ts';
import { OF_ACCOUNT } from './settings-words.ts';

interface AccountDeed extends Deed {
  readonly name: string;
  /** In which states it makes sense. */
  readonly states: readonly string[];
  /** Only while somebody is connected. */
  readonly connected?: true;
}
type Given = Omit<AccountDeed, 'path' | 'caller'>;

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
          what: 'Het contact van de organisatie krijgt per mail een code. Daarmee kiest de gebruiker een nieuw wachtwoord. Het oude wachtwoord werkt tot dan.',
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
          what: 'Nobody logs in to this account any more, and it gets no mail. What waits stays. It can be resumed at any time.',
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
      name: 'contain',
      operation: 'account.contain',
      input: ({ login = '' }) => ({ login: [login] }),
      proven: true,
      states: ['active', 'suspended', 'ending'],
      words: {
        nl: {
          button: 'Afsluiten: iemand anders is binnen',
          what: 'Het account wordt opgeschort. Alle wachtwoorden en certificaten vervallen voorgoed. Alle verbindingen worden verbroken.',
          done: 'Het account is afgesloten. Niemand komt er meer in.',
        },
        en: {
          button: 'Contain: somebody else is in',
          what: 'The account is suspended. All passwords and certificates are gone for good. All connections are ended.',
          done: 'The account is contained. Nobody gets in any more.',
        },
      },
    },
  ] satisfies readonly Given[]
).map((deed) => ({ ...deed, path: `/accounts/{login}/${deed.name}`, caller: true }));

interface Shown {
  readonly state: string;
  readonly sessions?: readonly unknown[] | undefined;
}

export const deedsFor = ({ may }: Asked, { state, sessions = [] }: Shown): readonly AccountDeed[] =>
  DEEDS.filter(
    ({ operation, states, connected }) =>
      may(rightOf(operation)) && states.includes(state) && (connected !== true || sessions.length > 0),
  );

export const deedPages: readonly Page[] = deedPagesOf(DEEDS);
