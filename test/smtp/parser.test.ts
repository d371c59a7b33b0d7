import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DataDecoder } from '../../src/smtp/data-decoder.ts';
import { type DataReceiver, type ParserOwner, SubmissionParser } from '../../src/smtp/parser.ts';
import { seeded } from '../support/seeded.ts';

class Owner implements ParserOwner {
  readonly lines: string[] = [];
  onLine: (line: string, next: () => void) => void = (_line, next) => next();
  limit = (): number => 100;

  command(line: Buffer, next: () => void): void {
    const text = line.toString('latin1');
    this.lines.push(text);
    this.onLine(text, next);
  }

  overlong(next: () => void): void {
    this.lines.push('(overlong)');
    next();
  }
}

const feed = async (parser: SubmissionParser, pieces: readonly string[]): Promise<void> => {
  for (const piece of pieces)
    await new Promise<void>((resolve, reject) =>
      parser.write(Buffer.from(piece, 'latin1'), (error) => (error ? reject(error) : resolve())),
    );
};

test('lines come whole, wherever packets are cut (seeded)', async () => {
  const wire = `EHLO x\r\nNOOP\n\r\n${'a'.repeat(100)}\r\n${'b'.repeat(101)}\r\n${'c'.repeat(1000)}\r\nQUIT\r\n`;
  const expected = ['EHLO x', 'NOOP', '', 'a'.repeat(100), '(overlong)', '(overlong)', 'QUIT'];
  for (let seed = 1; seed <= 200; seed++) {
    const random = seeded(seed);
    const owner = new Owner();
    const pieces: string[] = [];
    for (let at = 0; at < wire.length;) {
      const length = 1 + random.below(random.pick([1, 3, 200]));
      pieces.push(wire.slice(at, at + length));
      at += length;
    }
    await feed(new SubmissionParser(owner), pieces);
    assert.deepEqual(owner.lines, expected, `seed ${seed}`);
  }
});

test('a command waits for the one before it', async () => {
  const owner = new Owner();
  const waiting: (() => void)[] = [];
  owner.onLine = (_line, next) => void waiting.push(next);
  const fed = feed(new SubmissionParser(owner), ['A\r\nB\r\nC\r\n']);
  for (const expected of [['A'], ['A', 'B'], ['A', 'B', 'C']]) {
    // A command may come some turns of the loop later, when others have used this one up; never
    // before its turn.
    for (let turn = 0; turn < 5; turn += 1) await new Promise((resolve) => setImmediate(resolve));
    assert.deepEqual(owner.lines, expected);
    waiting.shift()?.();
  }
  await fed;
});

test('a flood of commands lets others have their turn', async () => {
  const owner = new Owner();
  let turns = 0;
  const fed = feed(new SubmissionParser(owner), ['NOOP\r\n'.repeat(1000)]);
  const count = (): void => {
    turns += 1;
    if (owner.lines.length < 1000) setImmediate(count);
  };
  setImmediate(count);
  await fed;
  assert.equal(owner.lines.length, 1000);
  assert.ok(turns >= 5, String(turns));
});

test('a line that has no end when the connection has one is no command', async () => {
  const owner = new Owner();
  const parser = new SubmissionParser(owner);
  await feed(parser, ['NOOP\r\nRCPT TO:<a@b>']);
  await new Promise<void>((resolve) => parser.end(resolve));
  assert.deepEqual(owner.lines, ['NOOP']);
});

test('content goes to the receiver, a promise holds the stream, and what follows the dot waits for the answer', async () => {
  const owner = new Owner();
  const parser = new SubmissionParser(owner);
  const events: string[] = [];
  let release: () => void = () => undefined;
  const receiver: DataReceiver = {
    write: (slice) => {
      events.push(slice.toString('latin1'));
      return new Promise((resolve) => (release = resolve));
    },
    end: async () => {
      events.push('end');
      await new Promise<void>((resolve) => (release = resolve));
    },
  };
  owner.onLine = (line, next) => {
    if (line === 'DATA') parser.startData(new DataDecoder(true), receiver);
    next();
  };
  let taken = false;
  const fed = feed(parser, ['DATA\r\none\r\n..two\r\n', 'three\r\n.\r\nRSET\r\n']).then(() => (taken = true));
  // How many turns a stream takes for a slice is Node's affair, and differs between its versions.
  const turns = async (until: number): Promise<void> => {
    for (let turn = 0; turn < 100 && (turn < 5 || events.length < until); turn += 1)
      await new Promise((resolve) => setImmediate(resolve));
  };
  await turns(1);
  assert.deepEqual([events, taken], [['one\r\n.two'], false]);
  release();
  await turns(2);
  assert.deepEqual(events, ['one\r\n.two', '\r\nthree\r\n']);
  release();
  await turns(3);
  assert.deepEqual([events.at(-1), owner.lines], ['end', ['DATA']]);
  release();
  await fed;
  assert.deepEqual(owner.lines, ['DATA', 'RSET']);
});
