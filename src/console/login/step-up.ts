/**
 * Touching the key again, for what cannot be undone. Whoever sent a form too late touches the key on the page that answers, and what was typed goes along with the
 * touch: nothing is lost, and nothing of it stands in an address or is kept here.
 */
import { html } from '../../http/html.ts';
import { type Asked, type Reply, visitorOf } from '../core/page.ts';
import { fromOf, passkeyForm, said, wrong } from './forms.ts';
import type { LogIns } from './log-ins.ts';
import { LOGIN } from './words.ts';

type Proofs = Pick<LogIns, 'prove' | 'proofOptions'>;
type Typed = Readonly<Record<string, string>>;

/** `action`: where the touch goes, with what was typed. */
export async function provePage(
  asked: Asked,
  logIns: Proofs,
  action: string,
  typed: Typed,
  problem?: readonly [number, string],
): Promise<Reply> {
  const { session, token } = visitorOf(asked);
  const words = LOGIN[asked.language];
  const options = await logIns.proofOptions(session);
  const form = { kind: 'get', options, action, button: words.prove, hidden: { ...typed, token } } as const;
  return {
    kind: 'page',
    status: problem?.[0] ?? 200,
    title: words.proveTitle,
    body: html`${wrong(problem?.[1])}<div class="card"><p>${words.proveLead}</p>${passkeyForm(words, form)}</div>`,
  };
}

/** Judges the touch that came with a form. Undefined: it is right, and what was asked for goes on. */
export async function proveAgain(
  asked: Asked,
  logIns: Proofs,
  action: string,
  typed: Typed,
): Promise<Reply | undefined> {
  const { session } = visitorOf(asked);
  const shown = asked.field('credential');
  if (shown === '') return await provePage(asked, logIns, action, typed);
  const judged = await logIns.prove(session, shown, fromOf(asked));
  if (judged.kind === 'right') return undefined;
  const problem = said(asked.language, judged.kind, LOGIN[asked.language].proveRefused);
  return await provePage(asked, logIns, action, typed, problem);
}
