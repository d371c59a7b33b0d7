/** The report, for people and for programs. */
import { many } from '../domain/counted.ts';
import type { Outcome, Verdict } from './outcome.ts';
import type { Rule } from './scenario.ts';

/** Lines of what a program did, in the report for people. */
const SHOWN = 24;

const WORDS: Readonly<Record<Verdict, string>> = {
  passed: 'PASSED   ',
  remarks: 'REMARKS  ',
  failed: 'FAILED   ',
  'not tried': 'NOT TRIED',
};

export const ruleText = ({ says, rfc, guide }: Rule): string =>
  `${says} (${[rfc, guide].filter((one) => one !== undefined).join('; ')})`;

export const countOf = (outcomes: readonly Outcome[], verdict: Verdict): number =>
  outcomes.filter((one) => one.verdict === verdict).length;

export function reportText(outcomes: readonly Outcome[]): string {
  const count = (verdict: Verdict): number => countOf(outcomes, verdict);
  const summary = [
    `${many(outcomes.length, 'scenario')}: ${count('passed')} passed, ${count('remarks')} with remarks, ${count('failed')} failed, ${count('not tried')} not tried.`,
    '',
    ...outcomes.map(({ verdict, scenario, findings, why }) =>
      `  ${WORDS[verdict]}  ${scenario.name}${why === undefined ? '' : `: ${why}`}${findings[0] === undefined ? '' : `: ${findings[0].says}`}`.trimEnd(),
    ),
  ];
  return [...summary, '', ...outcomes.flatMap(chapter)].join('\n');
}

/** What the findings would mean for patients. */
export const patientsOf = ({ scenario, findings }: Outcome): readonly string[] => [
  ...new Set(findings.filter(({ level }) => level === 'failed').map(({ patient }) => patient ?? scenario.patient)),
];

function chapter(outcome: Outcome): readonly string[] {
  const { scenario, verdict, findings, why, facts } = outcome;
  const did = facts.lines.slice(0, SHOWN).map(({ at, text }) => `    ${(at / 1000).toFixed(1).padStart(6)} s  ${text}`);
  const more = facts.lines.length - did.length;
  return [
    `${'='.repeat(4)} ${scenario.name}: ${verdict}${why === undefined ? '' : ` (${why})`}`,
    '',
    `  What happens:    ${scenario.happens}`,
    `  Right would be:  ${scenario.right}`,
    '  Asked by:',
    ...scenario.rules.map((rule) => `    - ${ruleText(rule)}`),
    ...(did.length === 0 ? [] : ['  What your program did:', ...did]),
    ...(more > 0 ? [`    ... and ${many(more, 'more line')}: --json has them`] : []),
    ...(findings.length === 0
      ? []
      : [
          '  Found:',
          ...findings.map(({ level, says }) => `    - ${level === 'failed' ? 'wrong' : 'remark'}: ${says}`),
        ]),
    ...patientsOf(outcome).map((text) => `  For a patient:   ${text}`),
    ...(scenario.look !== undefined && verdict !== 'not tried' ? [`  Look yourself:   ${scenario.look}`] : []),
    '',
  ];
}
