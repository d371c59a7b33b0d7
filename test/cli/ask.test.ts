/**
 * The question before what cannot be undone: what a person sees and types, and what a script says.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { askToDestroy } from '../../src/cli/ask.ts';
import { CommandError } from '../../src/cli/exit.ts';
import type { SharedOptions } from '../../src/cli/options.ts';

interface Asked {
  readonly options?: SharedOptions;
  /** Undefined: nobody sits there. */
  readonly answers?: readonly string[];
}
interface Outcome {
  readonly reason?: string;
  readonly refused?: string;
  readonly screen: string;
  readonly questions: readonly string[];
}

const config = { config: 'sluis.toml' };

async function askedWith({ options = config, answers }: Asked): Promise<Outcome> {
  let screen = '';
  const questions: string[] = [];
  const ask = (question: string): Promise<string> => {
    questions.push(question);
    return Promise.resolve(answers?.[questions.length - 1] ?? '');
  };
  const terminal = { out: () => undefined, err: (text: string) => void (screen += text), input: '', code: 0 };
  try {
    const { reason } = await askToDestroy(answers === undefined ? terminal : { ...terminal, ask }, options, {
      what: 'end organisation "Noord"',
      goes: () => Promise.resolve('3 accounts and 5 addresses go along'),
      name: 'Noord',
    });
    return { ...(reason === undefined ? {} : { reason }), screen, questions };
  } catch (error) {
    assert(error instanceof CommandError && error.code === 2, String(error));
    return { refused: error.message, screen, questions };
  }
}

test('a person sees what goes along before the name is asked for, and gives a reason', async () => {
  const { reason, screen, questions } = await askedWith({ answers: [' noord ', 'contract ended'] });
  assert.equal(screen, '3 accounts and 5 addresses go along\n');
  assert.deepEqual(questions, ['To end organisation "Noord", type Noord: ', 'Why, for the audit trail: ']);
  assert.equal(reason, 'contract ended');
});

test('another answer than the name stops it, also "yes"', async () => {
  for (const answer of ['yes', 'y', '', 'noor', 'noord!'])
    assert.match((await askedWith({ answers: [answer, 'x'] })).refused ?? '', /Stopped: that was not "Noord"; nothing/);
  assert.match((await askedWith({ answers: ['noord', '  '] })).refused ?? '', /Stopped: a reason is needed/);
});

test('what the command line says is not asked for again', async () => {
  const reasoned = await askedWith({ options: { ...config, reason: 'given' }, answers: ['Noord'] });
  assert.deepEqual([reasoned.reason, reasoned.questions.length], ['given', 1]);
  const sure = await askedWith({ options: { ...config, yes: true }, answers: ['typed'] });
  assert.deepEqual([sure.reason, sure.questions], ['typed', ['Why, for the audit trail: ']]);
  const both = await askedWith({ options: { ...config, yes: true, reason: 'given' }, answers: [] });
  assert.deepEqual([both.reason, both.questions, both.screen], ['given', [], '']);
});

test('where nobody sits it takes --yes and --reason, both', async () => {
  for (const options of [config, { ...config, yes: true }, { ...config, reason: 'x' }])
    assert.match(
      (await askedWith({ options })).refused ?? '',
      /Cannot end organisation "Noord": nobody can be asked here.*add --yes and --reason TEXT/,
    );
  assert.equal((await askedWith({ options: { ...config, yes: true, reason: 'x' } })).reason, 'x');
});

test('what two operators have signed is not asked for again', async () => {
  assert.equal((await askedWith({ options: { ...config, approval: 'K7QM-2XRD' } })).refused, undefined);
});
