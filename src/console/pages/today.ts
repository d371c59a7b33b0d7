/** Today: is everything well, and what waits for a person. */
import { type Hole, type Html, html } from '../../http/html.ts';
import { type Asked, type Page, visitorOf } from '../core/page.ts';
import { timeOf } from '../core/times.ts';
import { card, facts, list, note, organisationLink, state, table } from '../look/parts.ts';

const TODAY = {
  nl: {
    title: 'Vandaag',
    own: 'Uw organisatie',
    well: 'Alles is in orde. Mail wordt aangenomen en bezorgd.',
    notReady: 'De gateway neemt nu geen mail aan',
    look: 'Kijk hiernaar',
    findings: 'Bevindingen',
    noFindings: 'Er zijn geen bevindingen.',
    approvals: 'Wacht op een tweede persoon',
    noApprovals: 'Niets wacht op een tweede persoon.',
    approve: 'Ondertekenen gaat met "sluis approve".',
    request: 'Aanvraag',
    operation: 'Handeling',
    asked: 'Gevraagd door',
    signed: 'Ondertekend door',
    until: 'Tot',
    reason: 'Reden',
    gateway: 'De gateway',
    since: 'Draait sinds',
    version: 'Versie',
    connections: 'Verbindingen',
    listeners: 'Poorten open',
    partners: 'Partners die niet antwoorden',
    drills: 'Oefeningen die moeten',
    none: 'geen',
    severity: { error: 'fout', warning: 'waarschuwing' } as Readonly<Record<string, string>>,
  },
  en: {
    title: 'Today',
    own: 'Your organisation',
    well: 'All is well. Mail is accepted and delivered.',
    notReady: 'The gateway takes no mail now',
    look: 'Look at this',
    findings: 'Findings',
    noFindings: 'There are no findings.',
    approvals: 'Waits for a second person',
    noApprovals: 'Nothing waits for a second person.',
    approve: 'Sign with "sluis approve".',
    request: 'Request',
    operation: 'Operation',
    asked: 'Asked by',
    signed: 'Signed by',
    until: 'Until',
    reason: 'Reason',
    gateway: 'The gateway',
    since: 'Runs since',
    version: 'Version',
    connections: 'Connections',
    listeners: 'Ports open',
    partners: 'Partners that do not answer',
    drills: 'Drills that are due',
    none: 'none',
    severity: { error: 'error', warning: 'warning' } as Readonly<Record<string, string>>,
  },
};
type Words = (typeof TODAY)['nl'];

/** Shown here; the rest is told by "sluis doctor". */
const MOST = 50;

export const today: Page = {
  method: 'GET',
  path: '/',
  access: 'read',
  run: async (asked) => {
    const words = TODAY[asked.language];
    const { organisation } = visitorOf(asked).session.holder;
    // Nothing of the gateway as a whole is an operator's who acts for one organisation.
    if (organisation !== undefined)
      return {
        kind: 'page',
        title: words.title,
        body: card(words.own, html`<p>${organisationLink(organisation)}</p>`),
      };
    const [status, findings, approvals] = await Promise.all([
      asked.operate('gateway.status', {}),
      asked.operate('gateway.findings', {}),
      asked.operate('approval.list', { limit: MOST }),
    ]);
    return {
      kind: 'page',
      title: words.title,
      body: html`${headline(words, status.reasons)}<div class="cards">
${card(words.findings, findingsOf(words, findings, status.warnings))}
${card(words.approvals, approvals.length === 0 ? html`<p>${words.noApprovals}</p>` : waiting(asked, words, approvals))}
${card(words.gateway, gatewayFacts(asked, words, status))}
</div>`,
    };
  },
};

const headline = (words: Words, reasons: readonly { readonly text: string }[]): Html =>
  reasons.length === 0
    ? note('good', html`<p>${words.well}</p>`)
    : note(
        'bad',
        html`<p><b>${words.notReady}</b></p>${list(reasons.map(({ text }) => html`<span lang="en">${text}</span>`))}`,
      );

function findingsOf(
  words: Words,
  findings: readonly { readonly severity: string; readonly what: string }[],
  warnings: readonly string[],
): Html {
  const all: readonly Hole[] = [
    ...findings
      .slice(0, MOST)
      .map(
        ({ severity, what }) =>
          html`${state(severity === 'error' ? 'bad' : 'warn', words.severity[severity] ?? severity)} <span lang="en">${what}</span>`,
      ),
    ...warnings.map((text) => html`${state('warn', words.look)} <span lang="en">${text}</span>`),
  ];
  return all.length === 0 ? html`<p>${words.noFindings}</p>` : list(all);
}

interface Waiting {
  readonly id: string;
  readonly endsAt: string;
  readonly operation: string;
  readonly askedBy: string;
  readonly signedBy: readonly string[];
  readonly reason: string;
}
const waiting = ({ language }: Asked, words: Words, rows: readonly Waiting[]): Html =>
  html`${table(
    words.approvals,
    [words.request, words.operation, words.asked, words.signed, words.until, words.reason],
    rows.map((r) => [r.id, r.operation, r.askedBy, r.signedBy.join(', '), timeOf(r.endsAt, language), r.reason]),
  )}<p class="soft">${words.approve}</p>`;

interface Status {
  readonly version?: string | undefined;
  readonly since: string;
  readonly connections: number;
  readonly listeners: readonly { readonly closed: boolean }[];
  readonly partners: readonly { readonly name: string; readonly why: string }[];
  readonly drills: readonly { readonly text: string }[];
}
function gatewayFacts({ language }: Asked, words: Words, status: Status): Html {
  const silent = status.partners.filter(({ why }) => why !== '').map(({ name }) => name);
  return facts([
    [words.since, timeOf(status.since, language)],
    [words.version, status.version],
    [words.connections, status.connections],
    [words.listeners, status.listeners.filter(({ closed }) => !closed).length],
    [words.partners, silent.length === 0 ? words.none : silent.join(', ')],
    [words.drills, status.drills.length === 0 ? words.none : status.drills.map(({ text }) => text).join('; ')],
  ]);
}
