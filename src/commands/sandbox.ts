/**
 * `sluis sandbox`: a throw-away gateway on which things go wrong on purpose, for vendors of
 * programs that talk to a gateway.
 */
import { z } from '../config/zod.ts';
import { many as counted } from '../domain/counted.ts';
import { countOf, patientsOf, reportText, ruleText } from '../sandbox/report.ts';
import type { Outcome } from '../sandbox/outcome.ts';
import { scenarios } from '../sandbox/scenarios/table.ts';
import { choice, count, text } from './core/kind.ts';
import { file, folder } from './core/files.ts';
import { flag, many, opt, rest } from './core/params.ts';
import { readsHere } from './core/row.ts';

const tried = z.object({
  name: z.string(),
  verdict: z.enum(['passed', 'remarks', 'failed', 'not tried']),
  why: z.string().optional().meta({ description: 'Of what was not tried.' }),
  happens: z.string(),
  right: z.string().meta({ description: 'What the program does when all is well.' }),
  rules: z
    .array(z.string())
    .readonly()
    .meta({ description: 'What is asked, with the section of the RFC and the page of the guide.' }),
  findings: z
    .array(z.object({ level: z.enum(['failed', 'remark']), says: z.string() }))
    .readonly()
    .meta({ description: 'What the program did that is asked otherwise.' }),
  patient: z
    .array(z.string())
    .readonly()
    .meta({ description: "What it would mean for a patient's result: of what failed, or of what was listed." }),
  look: z.string().optional().meta({ description: 'What only a person can see.' }),
  did: z
    .array(z.object({ at: z.number(), text: z.string() }))
    .readonly()
    .meta({ description: 'What was seen on the line, in milliseconds since the scenario began.' }),
});
const answer = z.object({
  passed: z.number(),
  remarks: z.number(),
  failed: z.number(),
  notTried: z.number(),
  scenarios: z.array(tried).readonly(),
});

const MADE_UP =
  'All of it is made up: practices, patients and mail. No store of yours is read; what is kept is the report.\n';
const LONGEST = 86_400;
const MAX_COMMAND = 4096;
const names = scenarios.map(({ name }) => name);

const viewOf = (outcome: Outcome): z.infer<typeof tried> => {
  const { scenario, verdict, why, findings, facts } = outcome;
  return {
    name: scenario.name,
    verdict,
    ...(why !== undefined && { why }),
    happens: scenario.happens,
    right: scenario.right,
    rules: scenario.rules.map(ruleText),
    findings: findings.map(({ level, says }) => ({ level, says })),
    patient: patientsOf(outcome),
    ...(scenario.look !== undefined && { look: scenario.look }),
    did: facts.lines,
  };
};

export const sandbox = readsHere({
  about: 'run a throw-away gateway on which things go wrong, watch your program there, and report what it did',
  in: {
    scenario: rest(
      choice('scenario', names),
      'which scenarios, in this order; left out: all of what the program speaks',
    ),
    list: flag('print the scenarios, and try none'),
    fetch: opt(
      text('command', MAX_COMMAND),
      'a command that fetches all mail once: run by a shell whenever something is to be fetched',
    ),
    send: opt(
      text('command', MAX_COMMAND),
      'a command that sends one message to the addresses in $SANDBOX_TO: run by a shell whenever something is to be sent',
    ),
    protocol: many(
      choice('protocol', ['pop3', 'smtp', 'https']),
      'what the program speaks; left out: what --fetch and --send are for, or POP3 and SMTP',
    ),
    stored: opt(file, 'the folder or file where the program stores: looked at whenever it deletes'),
    webhook: opt(text('url', 2048), 'where the program receives webhooks'),
    folder: opt(folder, 'where certificate, password and report are, and stay', 'sandbox'),
    hostname: opt(text('host', 253), 'the name by which the program reaches this machine', 'localhost'),
    address: many(text('ip', 64), 'an address of this machine to listen at; left out: 127.0.0.1 and ::1'),
    freePorts: flag('take free ports instead of 3587, 3465, 3110, 3995 and 3443'),
    patience: opt(count('seconds', { min: 1, max: LONGEST }), 'how long each scenario waits for the program', 600),
    hour: opt(count('seconds', { min: 1, max: LONGEST }), 'how long an hour of the gateway is', 60),
    slow: opt(count('seconds', { min: 1, max: LONGEST }), 'how late the answers of the slow server come', 20),
  },
  check: ({ webhook }) =>
    webhook === undefined || (URL.canParse(webhook) && /^https?:/.test(webhook))
      ? undefined
      : `Cannot call "${webhook}": expected an address such as https://host:8443/events`,
  out: z.object({ listed: z.boolean(), outcomes: z.custom<readonly Outcome[]>() }),
  json: {
    out: z.union([
      answer,
      z.object({
        scenarios: z
          .array(tried.pick({ name: true, happens: true, right: true, rules: true, patient: true }))
          .readonly(),
      }),
    ]),
    of: ({ listed, outcomes }) =>
      listed
        ? {
            scenarios: scenarios.map(({ name, happens, right, rules, patient }) => ({
              name,
              happens,
              right,
              rules: rules.map(ruleText),
              patient: [patient],
            })),
          }
        : {
            passed: countOf(outcomes, 'passed'),
            remarks: countOf(outcomes, 'remarks'),
            failed: countOf(outcomes, 'failed'),
            notTried: countOf(outcomes, 'not tried'),
            scenarios: outcomes.map(viewOf),
          },
  },
  right: 'owner',
  shares: ['json'],
  examples: ['--list'],
  run: async (here, { list, ...wishes }) => {
    if (list) return { listed: true, outcomes: [] };
    const { trySandbox } = await import('./sandbox/try.ts');
    return { listed: false, outcomes: await trySandbox(here, wishes) };
  },
  say: ({ listed, outcomes }) =>
    listed
      ? [MADE_UP, ...scenarios.map(({ name, speaks, happens }) => `${name} (${speaks})\n  ${happens}`)].join('\n')
      : reportText(outcomes),
  fails: ({ listed, outcomes }) => {
    if (listed) return undefined;
    const [failed, left] = [countOf(outcomes, 'failed'), countOf(outcomes, 'not tried')];
    if (failed > 0)
      return {
        code: 'configuration',
        text: `${counted(failed, 'scenario')} of ${outcomes.length} failed; the report says how`,
      };
    if (left > 0 || outcomes.length === 0)
      return {
        code: 'unproven',
        text: `Nothing failed, and ${counted(left, 'scenario')} of ${outcomes.length} were not tried; the report says why`,
      };
    return undefined;
  },
});
