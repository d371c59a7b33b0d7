/**
 * What a helpdesk does to an account, each in two steps: a page that says what will happen and asks why and who called, and the deed.
 *
 * The reason in the trail holds both answers. Rights, reasons and second persons are judged by the command table.
 */
import type { Input } from '../../admin/input.ts';
import { type OperationName, rightOf } from '../../admin/operations.ts';
import { defined } from '../../domain/defined.ts';
import type { Language } from '../../domain/registry.ts';
import { type Html, attributes, html } from '../../http/html.ts';
import { type Asked, type Page, type Reply, visitorOf } from '../core/page.ts';
import { note } from '../look/parts.ts';

interface DeedWords {
  readonly button: string;
  /** What will happen, and how it is undone. */
  readonly what: string;
  readonly done: string;
}

interface Deed {
  /** In the path. */
  readonly name: string;
  readonly operation: OperationName;
  readonly input: (login: string) => Input;
  /** The key must have been touched: it is not undone by a button. */
  readonly proven?: true;
  /** In which states it makes sense. */
  readonly states: readonly string[];
  /** Only while somebody is connected. */
  readonly connected?: true;
  readonly words: Readonly<Record<Language, DeedWords>>;
}

export const DEEDS: readonly Deed[] = [
  {
    name: 'new-code',
    operation: 'account.reset',
    input: (login) => ({ login: [login], by: 'contact' }),
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
    input: (login) => ({ ids: [], account: login }),
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
    name: 'suspend',
    operation: 'account.suspend',
    input: (login) => ({ login: [login] }),
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
    input: (login) => ({ login: [login] }),
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
    input: (login) => ({ login: [login] }),
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
];

interface Shown {
  readonly state: string;
  readonly sessions?: readonly unknown[] | undefined;
}

export const deedsFor = ({ may }: Asked, { state, sessions = [] }: Shown): readonly Deed[] =>
  DEEDS.filter(
    ({ operation, states, connected }) =>
      may(rightOf(operation)) && states.includes(state) && (connected !== true || sessions.length > 0),
  );

const FORM = {
  nl: {
    reason: 'Waarom',
    reasonHint: 'Bijvoorbeeld het nummer van de melding. Dit staat in het logboek.',
    caller: 'Hoe weet u wie er belt?',
    back: 'Terug',
    but: 'Dit lukte niet, en moet nog',
    missing: 'Vul in waarom, en hoe u weet wie er belt.',
    callers: {
      called: 'Teruggebeld op het geregistreerde nummer',
      known: 'Gegevens gecontroleerd die alleen de beller weet',
      present: 'In persoon gezien',
      own: 'Niemand belt: op eigen initiatief',
    },
  },
  en: {
    reason: 'Why',
    reasonHint: 'For example the number of the ticket. It stands in the trail.',
    caller: 'How do you know who calls?',
    back: 'Back',
    but: 'This did not work, and is still to do',
    missing: 'Say why, and how you know who calls.',
    callers: {
      called: 'Called back on the registered number',
      known: 'Checked what only the caller knows',
      present: 'Seen in person',
      own: 'Nobody calls: on my own initiative',
    },
  },
};
type Caller = keyof (typeof FORM)['nl']['callers'];
const CALLERS = Object.keys(FORM.en.callers) as Caller[];
/** The trail is in one language. */
const CALLER_FACT: Readonly<Record<Caller, string>> = {
  called: 'caller: called back',
  known: 'caller: checked by questions',
  present: 'caller: seen in person',
  own: 'no caller',
};
const MAX_REASON = 400;

function formPage(asked: Asked, deed: Deed, problem?: string): Reply {
  const { params, language, field } = asked;
  const { login = '' } = params;
  const [words, said] = [FORM[language], deed.words[language]];
  const chosen = field('caller');
  const choice = (one: Caller): Html =>
    html`<label class="choice"><input type="radio" name="caller" value="${one}" required${attributes({ checked: one === chosen })}>${words.callers[one]}</label>`;
  return {
    kind: 'page',
    status: problem === undefined ? 200 : 422,
    title: `${said.button}: ${login}`,
    body: html`${problem === undefined ? undefined : html`<div class="card note bad" role="alert"><p>${problem}</p></div>`}${note(deed.proven === true ? 'bad' : 'warn', html`<p>${said.what}</p>`)}
<div class="card"><form method="post" action="/accounts/${login}/${deed.name}">
<input type="hidden" name="token" value="${visitorOf(asked).token}">
<label for="reason">${words.reason}</label><span class="hint" id="reason-hint">${words.reasonHint}</span>
<input type="text" id="reason" name="reason" required maxlength="${MAX_REASON}" autocomplete="off" aria-describedby="reason-hint" value="${field('reason')}">
<fieldset><legend>${words.caller}</legend>${CALLERS.map(choice)}</fieldset>
<button>${said.button}</button> <a class="button second" href="/accounts/${login}">${words.back}</a>
</form></div>`,
  };
}

async function doIt(asked: Asked, deed: Deed): Promise<Reply> {
  const { params, field, language, operate } = asked;
  const { login = '' } = params;
  const reason = field('reason')
    .replace(/[\p{C}\p{Zl}\p{Zp}]+/gu, ' ')
    .trim();
  const caller = CALLERS.find((one) => one === field('caller'));
  if (reason === '' || reason.length > MAX_REASON || caller === undefined)
    return formPage(asked, deed, FORM[language].missing);
  const result = await operate(deed.operation, deed.input(login), `${reason} (${CALLER_FACT[caller]})`);
  const problem = problemIn(result);
  if (problem !== undefined) return halfDone(asked, deed, problem);
  return { kind: 'see', to: `/accounts/${encodeURIComponent(login)}?done=${deed.name}` };
}

/** It was done, and something of it did not come to its end: a revocation list that could not be written. */
const problemIn = (result: unknown): string | undefined =>
  typeof result === 'object' && result !== null && 'problem' in result && typeof result.problem === 'string'
    ? result.problem
    : undefined;

const halfDone = ({ params: { login = '' }, language }: Asked, { words }: Deed, problem: string): Reply => ({
  kind: 'page',
  title: login,
  body: html`${note('good', html`<p role="status">${words[language].done}</p>`)}${note('bad', html`<p>${FORM[language].but}: <span lang="en">${problem}</span></p>`)}<p><a class="button second" href="/accounts/${login}">${FORM[language].back}</a></p>`,
});

export const deedPages: readonly Page[] = DEEDS.flatMap((deed): readonly Page[] => {
  const path = `/accounts/{login}/${deed.name}`;
  const access = rightOf(deed.operation);
  return [
    { method: 'GET', path, access, run: (asked) => formPage(asked, deed), ...defined({ proven: deed.proven }) },
    { method: 'POST', path, access, run: (asked) => doIt(asked, deed), ...defined({ proven: deed.proven }) },
  ];
});
