/** What waits for a second person: what is asked, who has signed, and doing it once two have. */
import { AdminError } from '../../admin/context.ts';
import { isOperation, rightOf } from '../../admin/operations.ts';
import { MAX_LIST } from '../../commands/core/params.ts';
import { cleanBase32, grouped } from '../../crypto/base32.ts';
import { type Html, html } from '../../http/html.ts';
import { givenFile } from '../../web/core/given-file.ts';
import { visitorOf } from '../../web/core/page.ts';
import type { Asked, Page } from '../core/page.ts';
import { timeOf } from '../../web/core/times.ts';
import { card, facts, note } from '../../web/look/parts.ts';
import { type Register, type RowOf, registerPages } from '../parts/register.ts';
import type { Deed } from '../parts/deed.ts';
import { donePage } from '../parts/deed-pages.ts';

const WORDS = {
  nl: {
    title: 'Aanvragen',
    about: 'Wat op een tweede persoon wacht.',
    none: 'Niets wacht op een tweede persoon.',
    columns: {
      request: 'Aanvraag',
      operation: 'Handeling',
      asked: 'Gevraagd door',
      signed: 'Getekend door',
      until: 'Tot',
      reason: 'Reden',
    },
    one: 'Aanvraag',
    operation: 'Handeling',
    asked: 'Gevraagd door',
    signed: 'Getekend door',
    nobody: 'nog niemand',
    until: 'Tot',
    reason: 'Reden',
    what: 'Wat er gevraagd is',
    sign: 'Twee operators tekenen elk met hun eigen sleutel:',
    run: 'Uitvoeren',
    runs: 'Twee hebben getekend. De handeling wordt precies zo uitgevoerd als hier staat.',
    file: 'Hier hoort een bestand bij: voer het uit op de opdrachtregel.',
    done: 'De handeling is uitgevoerd.',
    back: 'Terug',
  },
  en: {
    title: 'Requests',
    about: 'What waits for a second person.',
    none: 'Nothing waits for a second person.',
    columns: {
      request: 'Request',
      operation: 'Operation',
      asked: 'Asked by',
      signed: 'Signed by',
      until: 'Until',
      reason: 'Reason',
    },
    one: 'Request',
    operation: 'Operation',
    asked: 'Asked by',
    signed: 'Signed by',
    nobody: 'nobody yet',
    until: 'Until',
    reason: 'Reason',
    what: 'What is asked',
    sign: 'Two operators sign, each with an own key:',
    run: 'Do it',
    runs: 'Two have signed. It is done exactly as it stands here.',
    file: 'A file goes with it: do it on the command line.',
    done: 'It was done.',
    back: 'Back',
  },
};
type Request = RowOf<'approval.list'>;

export const approvals: Register<'approval.list'> = {
  path: '/approvals',
  operation: 'approval.list',
  words: WORDS,
  columns: {
    request: ({ id }) => html`<a href="/approvals/${id}">${grouped(id)}</a>`,
    operation: ({ operation }) => operation,
    asked: ({ askedBy }) => askedBy,
    signed: ({ signedBy }) => signedBy.join(', '),
    until: ({ endsAt }, { language }) => timeOf(endsAt, language),
    reason: ({ reason }) => reason,
  },
};

async function requestOf({ operate, params: { id = '' } }: Asked): Promise<Request> {
  const found = (await operate('approval.list', { limit: MAX_LIST })).find((one) => one.id === cleanBase32(id));
  if (found !== undefined) return found;
  throw new AdminError('unknown', `There is no request "${id.slice(0, 32)}" that waits`);
}

const inputOf = ({ input }: Request): Readonly<Record<string, unknown>> =>
  JSON.parse(input) as Readonly<Record<string, unknown>>;

/** Of an operation that whoever is logged in may do, and that two have signed. */
const canRun = ({ may }: Asked, { operation, signedBy }: Request): boolean =>
  isOperation(operation) && may(rightOf(operation)) && signedBy.length >= 2;

function whatIsAsked(request: Request): Html {
  const pairs = Object.entries(inputOf(request)).map(
    ([name, value]) => [name, typeof value === 'string' ? value : JSON.stringify(value)] as const,
  );
  return facts(pairs);
}

const approval: Page = {
  method: 'GET',
  path: '/approvals/{id}',
  access: 'read',
  run: async (asked) => {
    const { language } = asked;
    const words = WORDS[language];
    const request = await requestOf(asked);
    const shown = grouped(request.id);
    const next =
      'sha256' in inputOf(request)
        ? note('warn', html`<p>${words.file}</p>`)
        : canRun(asked, request)
          ? html`${note('bad', html`<p>${words.runs}</p>`)}<form method="post" action="/approvals/${request.id}/run"><input type="hidden" name="token" value="${visitorOf(asked).token}"><button>${words.run}</button></form>`
          : note('plain', html`<p>${words.sign} <code>sluis approve ${shown}</code></p>`);
    return {
      kind: 'page',
      title: `${words.one} ${shown}`,
      body: html`${card(
        words.one,
        facts([
          [words.operation, request.operation],
          [words.asked, request.askedBy],
          [words.reason, request.reason],
          [words.signed, request.signedBy.length === 0 ? words.nobody : request.signedBy.join(', ')],
          [words.until, timeOf(request.endsAt, language)],
        ]),
      )}${card(words.what, whatIsAsked(request))}${next}`,
    };
  },
};

/** `deeds`: what is shown once of those that two must sign. */
export const approvalPages = (deeds: readonly Deed[]): readonly Page[] => [
  ...registerPages(approvals),
  approval,
  {
    method: 'POST',
    path: '/approvals/{id}/run',
    access: 'read',
    proven: true,
    run: async (asked) => {
      const words = WORDS[asked.language];
      const request = await requestOf(asked);
      const { operation } = request;
      if (!isOperation(operation)) throw new AdminError('unknown', `There is no operation "${operation}"`);
      // Rights, signatures and the input are judged where every call of an operation is.
      const input = inputOf(request);
      const deed = deeds.find((one) => one.operation === operation && (one.shows ?? one.gives) !== undefined);
      if (deed?.gives !== undefined)
        return await givenFile(deed.gives(input), asked.signal, (send) =>
          asked.operate(operation, input, undefined, { approval: request.id, send }),
        );
      const result = await asked.operate(operation, input, undefined, { approval: request.id });
      if (deed !== undefined) return donePage({ ...asked, params: {} }, { ...deed, back: '/approvals' }, result);
      return {
        kind: 'page',
        title: words.one,
        body: html`${note('good', html`<p role="status">${words.done}</p>`)}<p><a class="button second" href="/approvals">${words.back}</a></p>`,
      };
    },
  },
];
