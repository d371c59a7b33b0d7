/** The verdict on a scenario. */
import type { Facts } from './facts.ts';
import { type StoredFacts, judgeFetch } from './judge-fetch.ts';
import { judgeSend } from './judge-send.ts';
import type { Placed } from './mails.ts';
import { type Finding, type Scenario, type Stage, type Trouble, failed } from './scenario.ts';

/** `not tried`: the program did not come, or never got so far that something went wrong. */
export type Verdict = 'passed' | 'remarks' | 'failed' | 'not tried';

export interface Outcome {
  readonly scenario: Scenario;
  readonly verdict: Verdict;
  readonly findings: readonly Finding[];
  /** Why it was not tried. */
  readonly why?: string;
  readonly facts: Facts;
}

export interface Ended {
  readonly scenario: Scenario;
  readonly facts: Facts;
  readonly placed: readonly Placed[];
  readonly trouble: Trouble;
  readonly stage: Stage;
  readonly stored: StoredFacts | undefined;
}

const cameAtAll = ({ speaks }: Scenario, facts: Facts): boolean => {
  if (speaks === 'webhook') return facts.told.length > 0;
  return facts.visits.some(({ protocol }) => speaks === 'any' || protocol === speaks);
};

const whyNot = ({ runs }: Facts): string => {
  const last = runs.at(-1);
  return last === undefined
    ? 'your program did not come'
    : `your command ended with ${last.status} and did not come: ${last.said.trim().split('\n').at(-1)?.slice(0, 200) ?? ''}`;
};

export function outcomeOf({ scenario, facts, placed, trouble, stage, stored }: Ended): Outcome {
  if (!cameAtAll(scenario, facts)) return { scenario, verdict: 'not tried', findings: [], facts, why: whyNot(facts) };
  const common =
    scenario.speaks === 'pop3' ? judgeFetch(facts, placed, stored) : scenario.speaks === 'smtp' ? judgeSend(facts) : [];
  const findings = unique([...common, ...leftWithoutQuit(scenario, facts), ...scenario.judge(facts, placed, stage)]);
  if (findings.some(({ level }) => level === 'failed')) return { scenario, verdict: 'failed', findings, facts };
  if (!trouble.used(facts))
    return {
      scenario,
      verdict: 'not tried',
      findings,
      facts,
      why: `your program came ${facts.visits.length === 1 ? 'once' : `${facts.visits.length} times`}, and never got so far that something went wrong`,
    };
  return { scenario, verdict: findings.length > 0 ? 'remarks' : 'passed', findings, facts };
}

function leftWithoutQuit({ speaks }: Scenario, facts: Facts): readonly Finding[] {
  const left = facts.visits.filter(({ quit, cut, deleted }) => quit === 'none' && !cut && deleted.length > 0);
  return speaks === 'pop3' && left.length > 0
    ? [failed('It marked messages as deleted and left without QUIT: nothing is deleted, and everything comes again.')]
    : [];
}

const unique = (findings: readonly Finding[]): readonly Finding[] =>
  findings.filter(({ says }, i) => findings.findIndex((other) => other.says === says) === i);
