/**
 * An operator decides with his passkey on a request of another operator. The first page asks why,
 * and how he knows that the asker really asks it. The second page shows exactly what he signs, and
 * asks for the passkey. What it shows is the statement that is signed, word for word
 * (crypto/trail/passkey-approval.ts). The form carries the plan along, and the challenge holds for
 * that text alone.
 */
import { AdminError } from '../../admin/error.ts';
import { barTo, checkDecides } from '../../admin/deciding.ts';
import { knownRefusal } from '../../admin/known-refusal.ts';
import { isOperation } from '../../admin/operations.ts';
import { requestOf } from '../../admin/second-person.ts';
import { grouped } from '../../crypto/keys/base32.ts';
import { passkeyStatement } from '../../crypto/trail/passkey-approval.ts';
import { defined } from '../../domain/defined.ts';
import type { Verdict } from '../../domain/second-person.ts';
import { iso } from '../../domain/units.ts';
import { type Html, html } from '../../http/html.ts';
import type { ApprovalRecord } from '../../store/operators.ts';
import { type Reply, visitorOf } from '../../web/core/page.ts';
import { timeOf } from '../../web/core/times.ts';
import { fromOf, wrong } from '../../web/login/forms.ts';
import { card, facts, note } from '../../web/look/parts.ts';
import type { Asked, Page } from '../core/page.ts';
import type { ConsoleServices } from '../core/services.ts';
import { passkeyForm, said } from '../login/forms.ts';
import { LOGIN } from '../login/words.ts';
import { CALLER_FACT, type Caller, callerHtml, callerIn } from '../parts/caller.ts';
import { hasPlan, planHtml, planOf } from '../parts/deed-form.ts';
import { MAX_REASON, reasonIn } from '../parts/reason.ts';
import { askerOf, inputHtml, inputOf, operationHtml } from './approval-shown.ts';
import { APPROVAL } from './approval-words.ts';

/** The trail and the statement are in English, whatever the language of the page. */
const FACT: Readonly<Record<Caller, string>> = { ...CALLER_FACT, own: 'not asked' };
/**
 * Most characters of a plan, since it travels in a form of at most 16 KB. Of a longer plan this
 * much is shown and signed.
 */
const MAX_PLAN = 2000;

type Services = Pick<ConsoleServices, 'approvals' | 'origin'>;

/** The visitor's part of the page: the form; or why he cannot decide, and what helps. */
export async function deciding(asked: Asked, { approvals }: Services, request: ApprovalRecord): Promise<Html> {
  const words = APPROVAL[asked.language];
  const { session } = visitorOf(asked);
  const bar = await barTo(asked.admin, request, { name: session.operator, who: standing(asked) });
  const byKey = html`<p>${words.byKey} <code>sluis approve ${grouped(request.id)} --key FILE</code></p>`;
  if (bar !== undefined && bar !== 'signed')
    return note('plain', html`<p>${words.bars[bar]}</p>${bar === 'own' ? byKey : undefined}`);
  if (!(await approvals.hasPasskey(session))) return note('warn', html`<p>${words.noPasskey}</p>${byKey}`);
  return decideForm(asked, request.id, bar === 'signed');
}

const standing = (asked: Asked) => {
  const { role, organisation } = visitorOf(asked).session.holder;
  return { role, proof: visitorOf(asked).session.means, ...defined({ organisation }) };
};

function decideForm(asked: Asked, id: string, isSigned: boolean): Html {
  const { language, field } = asked;
  const words = APPROVAL[language];
  return card(
    words.decide,
    html`<p>${isSigned ? words.withdraw : words.lead}</p><form method="post" action="/approvals/${id}/decide">
<input type="hidden" name="token" value="${visitorOf(asked).token}">
<label for="reason">${words.why}</label><span class="hint" id="reason-hint">${words.whyHint}</span>
<input type="text" id="reason" name="reason" required maxlength="${MAX_REASON}" autocomplete="off" aria-describedby="reason-hint" value="${field('reason')}">
${callerHtml(asked, words)}
${isSigned ? undefined : html`<button name="verdict" value="approved">${words.approve}</button> `}<button class="second" name="verdict" value="rejected">${words.reject}</button>
</form>`,
  );
}

interface Decision {
  readonly verdict: Verdict;
  readonly why: string;
  readonly caller: Caller;
  readonly plan?: string;
}

/** The decision in the form; undefined if something is missing. */
function decisionIn({ field }: Asked): Decision | undefined {
  const why = reasonIn(field);
  const caller = callerIn(field);
  const verdict = (['approved', 'rejected'] as const).find((one) => one === field('verdict'));
  if (why === '' || why.length > MAX_REASON || caller === undefined || verdict === undefined) return undefined;
  const plan = Buffer.from(field('plan'), 'base64url').toString('utf8');
  return { verdict, why, caller, ...(plan !== '' && { plan }) };
}

/** The plan of the command: what it would do, or why it cannot. Undefined if it has no plan. */
async function plannedBy(asked: Asked, request: ApprovalRecord): Promise<string | undefined> {
  const { operation } = request;
  const input = inputOf(request);
  // An operation that needs a file has no plan here, since the file is not here.
  if (!isOperation(operation) || 'sha256' in input || !hasPlan(operation, input)) return undefined;
  try {
    return (await planOf(asked, operation, input))?.slice(0, MAX_PLAN);
  } catch (error) {
    if (!(error instanceof AdminError)) throw error;
    return `${APPROVAL.en.planFails}: ${error.message}`.slice(0, MAX_PLAN);
  }
}

function statementOf(asked: Asked, { origin }: Services, request: ApprovalRecord, decision: Decision): string {
  const { operator } = visitorOf(asked).session;
  const shownAt = { gateway: asked.admin.partners.hostname, origin };
  return passkeyStatement(shownAt, request, { ...decision, operator, caller: FACT[decision.caller] });
}

/** Shows everything that is signed, and asks for the passkey. */
async function touchPage(
  asked: Asked,
  services: Services,
  request: ApprovalRecord,
  decision: Decision,
  problem?: readonly [number, string],
): Promise<Reply> {
  const { language } = asked;
  const words = APPROVAL[language];
  const { session, token } = visitorOf(asked);
  const { verdict, why, caller, plan } = decision;
  const options = await services.approvals.options(session, statementOf(asked, services, request, decision));
  const button = verdict === 'approved' ? words.touchApproved : words.touchRejected;
  const hidden = {
    token,
    verdict,
    reason: why,
    caller,
    ...(plan !== undefined && { plan: Buffer.from(plan).toString('base64url') }),
  };
  const form = { kind: 'get', options, action: `/approvals/${request.id}/decide`, button, hidden } as const;
  return {
    kind: 'page',
    status: problem?.[0] ?? 200,
    title: `${words.one} ${grouped(request.id)}`,
    body: html`${wrong(problem?.[1])}${note(verdict === 'approved' ? 'bad' : 'warn', html`<p>${words.touchLead}</p>`)}${card(
      words.one,
      facts([
        [words.gateway, asked.admin.partners.hostname],
        [words.operation, operationHtml(request)],
        [words.asked, askerOf(asked, request)],
        [words.askedAt, timeOf(iso(request.askedAt), language)],
        [words.until, timeOf(iso(request.endsAt), language)],
        [words.reason, request.reason],
      ]),
    )}${card(words.what, inputHtml(request))}${plan === undefined ? undefined : card(words.plan, planHtml(plan))}${card(
      words.your,
      html`${facts([
        [words.your, words.verdicts[verdict]],
        [words.why, why],
        [words.caller, words.callers[caller]],
      ])}${passkeyForm(LOGIN[language], form)}`,
    )}<p><a class="button second" href="/approvals/${request.id}">${words.back}</a></p>`,
  };
}

/** `shown`: shows the page of the request, with a text above it that says what is missing. */
export const decidePage = (
  shown: (asked: Asked, services: ConsoleServices, problem?: string) => Promise<Reply>,
): Page => ({
  method: 'POST',
  path: '/approvals/{id}/decide',
  access: 'read',
  run: async (asked, services) => {
    const { admin, params, field, language } = asked;
    const words = APPROVAL[language];
    const request = await requestOf(admin, params.id ?? '');
    const decision = decisionIn(asked);
    if (decision === undefined) return await shown(asked, services, words.missed);
    const { verdict, why } = decision;
    const { session } = visitorOf(asked);
    const actor = { name: session.operator, reason: why };
    await checkDecides(admin, request, verdict, { actor, who: standing(asked) });
    // The page says why and what helps: he has no passkey that he could use.
    if (!(await services.approvals.hasPasskey(session))) return await shown(asked, services);
    if (field('credential') === '') {
      const plan = await plannedBy(asked, request);
      return await touchPage(asked, services, request, { ...decision, ...defined({ plan }) });
    }
    const statement = statementOf(asked, services, request, decision);
    const caller = FACT[decision.caller];
    const judged = await services.approvals
      .decide(
        session,
        { request: request.id, verdict, statement, reason: why, caller },
        field('credential'),
        fromOf(asked),
      )
      .catch((error: unknown) => {
        throw knownRefusal(error) ?? error;
      });
    if (judged.kind !== 'right')
      return await touchPage(asked, services, request, decision, said(language, judged.kind, words.refused));
    if (verdict === 'approved') return { kind: 'see', to: `/approvals/${request.id}?done=approved` };
    return {
      kind: 'page',
      title: words.one,
      body: html`${note('good', html`<p role="status">${words.rejectedDone}</p>`)}<p><a class="button second" href="/approvals">${words.back}</a></p>`,
    };
  },
});
