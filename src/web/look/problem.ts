/** Pages that say why something was not done, and what helps. */
import type { AdminErrorKind } from '../../admin/error.ts';
import type { Language } from '../../domain/registry.ts';
import { html } from '../../http/html.ts';
import type { Reply } from '../core/page.ts';

export const PROBLEMS = {
  nl: {
    missing: ['Deze pagina is er niet', 'Kijk of het adres klopt, of zoek hieronder.'],
    forbidden: ['Dit mag u niet', 'Uw rol heeft dit recht niet. Vraag een collega die het wel heeft.'],
    method: ['Dat kan hier niet', 'Ga terug en gebruik de knop op de pagina.'],
    origin: ['Dit formulier kwam niet van deze pagina', 'Open de pagina zelf en vul het daar in.'],
    form: ['Dit formulier is van een eerdere sessie', 'Open de pagina opnieuw en vul het nog eens in.'],
    host: ['Dit adres klopt niet', 'Gebruik het adres dat u van uw collega’s kreeg.'],
    malformed: ['Dat kunnen we niet lezen', 'Ga terug en probeer het opnieuw.'],
    large: ['Dat is te groot', 'Een formulier heeft hoogstens 16 KB.'],
    largeFile: ['Dat bestand is te groot', 'Een bestand heeft hoogstens 16 MiB. Deel het op.'],
    starting: ['De gateway start nog', 'Probeer het over een paar tellen opnieuw.'],
    failed: ['Er ging iets mis bij ons', 'Misschien is er toch iets veranderd. Kijk dat na en probeer het opnieuw.'],
    invalid: ['Dat kan zo niet', 'Lees de uitleg hieronder en pas de invoer aan.'],
    unknown: ['Dat bestaat niet', 'Kijk of de naam klopt, of zoek ernaar.'],
    conflict: ['Dat kan nu niet', 'Er staat iets in de weg. De uitleg staat hieronder.'],
    approval: ['Een tweede persoon moet dit goedkeuren', 'De aanvraag wacht. Hij staat op de pagina Vandaag.'],
    unavailable: ['Dat lukt nu niet', 'Probeer het later opnieuw.'],
    detail: 'Uitleg van de gateway (Engels)',
  },
  en: {
    missing: ['This page does not exist', 'See whether the address is right, or search.'],
    forbidden: ['You may not do this', 'Your role does not have this right. Ask a colleague who has it.'],
    method: ['That cannot be done here', 'Go back and use the button on the page.'],
    origin: ['This form did not come from this page', 'Open the page yourself and fill it in there.'],
    form: ['This form is from an earlier session', 'Open the page again and fill it in once more.'],
    host: ['This address is not right', 'Use the address that your colleagues gave you.'],
    malformed: ['We cannot read that', 'Go back and try again.'],
    large: ['That is too large', 'A form has at most 16 KB.'],
    largeFile: ['That file is too large', 'A file has at most 16 MiB. Split it.'],
    starting: ['The gateway is starting', 'Try again in a few seconds.'],
    failed: ['Something went wrong on our side', 'Something may have changed all the same. Look, and try again.'],
    invalid: ['That is not possible', 'Read the explanation below and change what you typed.'],
    unknown: ['That does not exist', 'See whether the name is right, or search for it.'],
    conflict: ['That cannot be done now', 'Something is in the way. The explanation is below.'],
    approval: ['A second person must approve this', 'The request waits for that. It is on the page Today.'],
    unavailable: ['That cannot be done now', 'Try again later.'],
    detail: 'Explanation of the gateway',
  },
} as const;

export type ProblemName = Exclude<keyof (typeof PROBLEMS)['nl'], 'detail'>;

/** The words in which a site says some problems itself; `back` is the name of its first page. */
export type OwnProblems = Readonly<
  Record<Language, { readonly back: string } & Partial<Record<ProblemName, readonly [title: string, remedy: string]>>>
>;

const OF: Readonly<Record<AdminErrorKind, { readonly status: number; readonly why: ProblemName }>> = {
  invalid: { status: 422, why: 'invalid' },
  unknown: { status: 404, why: 'unknown' },
  exists: { status: 409, why: 'conflict' },
  ended: { status: 409, why: 'conflict' },
  conflict: { status: 409, why: 'conflict' },
  approval: { status: 409, why: 'approval' },
  forbidden: { status: 403, why: 'forbidden' },
  unusable: { status: 422, why: 'invalid' },
  unavailable: { status: 503, why: 'unavailable' },
  store: { status: 503, why: 'unavailable' },
  failed: { status: 500, why: 'failed' },
};
export const problemOf = (kind: AdminErrorKind): { readonly status: number; readonly why: ProblemName } => OF[kind];

export function problemPage(
  language: Language,
  status: number,
  why: ProblemName,
  { own: of, root }: { readonly own: OwnProblems; readonly root: '' | '.' },
  detail?: string,
): Reply {
  const words = PROBLEMS[language];
  const own = of[language];
  const [title, remedy] = own[why] ?? words[why];
  const explained =
    detail === undefined ? undefined : html`<p class="soft">${words.detail}:</p><p lang="en">${detail}</p>`;
  return {
    kind: 'page',
    status,
    title,
    body: html`<div class="card note bad" role="alert"><p>${remedy}</p>${explained}</div><p><a class="button second" href="${`${root}/`}">${own.back}</a></p>`,
  };
}
