/**
 * Requests that wait for a second person: what is asked, who has signed, the decision, and the
 * button that does it once enough people have signed.
 */
import { AdminError } from '../../admin/error.ts';
import { isOperation, rightOf } from '../../admin/operations.ts';
import { requestOf } from '../../admin/second-person.ts';
import { MAX_LIST } from '../../commands/core/params.ts';
import { cleanBase32, grouped } from '../../crypto/keys/base32.ts';
import { html } from '../../http/html.ts';
import { givenFile } from '../../web/core/given-file.ts';
import { type Reply, visitorOf } from '../../web/core/page.ts';
import { wrong } from '../../web/login/forms.ts';
import type { Asked, Page } from '../core/page.ts';
import type { ConsoleServices } from '../core/services.ts';
import { timeOf } from '../../web/core/times.ts';
import { card, facts, note } from '../../web/look/parts.ts';
import { type Register, type RowOf, registerPages } from '../parts/register.ts';
import type { Deed } from '../parts/deed.ts';
import { donePage } from '../parts/deed-pages.ts';
import { decidePage, deciding } from './approval-decide.ts';
import { askerOf, inputHtml, inputOf, operationHtml } from './approval-shown.ts';
import { APPROVAL } from './approval-words.ts';

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

/** True if the visitor may run the operation and no signature is missing. */
const canRun = ({ may }: Asked, { operation, missing }: Request): boolean =>
  isOperation(operation) && may(rightOf(operation)) && missing === 0;

async function requestPage(asked: Asked, services: ConsoleServices, problem?: string): Promise<Reply> {
  const { language, admin, params, operate, query } = asked;
  const words = APPROVAL[language];
  const id = cleanBase32((params.id ?? '').slice(0, 32));
  const request = (await operate('approval.list', { limit: MAX_LIST })).find((one) => one.id === id);
  if (request === undefined) throw new AdminError('unknown', `There is no request "${id}" that waits`);
  const { reason, signedBy, missing, endsAt } = request;
  const isFile = 'sha256' in inputOf(request);
  const run = html`${note('bad', html`<p>${words.runs}</p>`)}<form method="post" action="/approvals/${id}/run"><input type="hidden" name="token" value="${visitorOf(asked).token}"><button>${words.run}</button></form>`;
  return {
    kind: 'page',
    status: problem === undefined ? 200 : 422,
    title: `${words.one} ${grouped(id)}`,
    body: html`${wrong(problem)}${query.get('done') === 'approved' ? note('good', html`<p role="status">${words.approvedDone}</p>`) : undefined}${card(
      words.one,
      facts([
        [words.operation, operationHtml(request)],
        [words.asked, askerOf(asked, request)],
        [words.reason, reason],
        [words.signed, signedBy.length === 0 ? words.nobody : signedBy.join(', ')],
        [words.missing, missing === 0 ? undefined : String(missing)],
        [words.until, timeOf(endsAt, language)],
      ]),
    )}${card(words.what, inputHtml(request))}${isFile ? note('warn', html`<p>${words.file}</p>`) : canRun(asked, request) ? run : undefined}${await deciding(asked, services, await requestOf(admin, id))}`,
  };
}

const approval: Page = {
  method: 'GET',
  path: '/approvals/{id}',
  access: 'read',
  run: (asked, services) => requestPage(asked, services),
};

/** `deeds`: those that need a second person and show a result once, or give a file. */
export const approvalPages = (deeds: readonly Deed[]): readonly Page[] => [
  ...registerPages(approvals),
  approval,
  decidePage(requestPage),
  {
    method: 'POST',
    path: '/approvals/{id}/run',
    access: 'read',
    proven: true,
    run: async (asked) => {
      const words = APPROVAL[asked.language];
      const request = await requestOf(asked.admin, asked.params.id ?? '');
      const { operation } = request;
      if (!isOperation(operation)) throw new AdminError('unknown', `There is no operation "${operation}"`);
      // Rights, signatures and the input are checked where every call of an operation is checked.
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
