/**
 * Our walk against Python's email package: both must find the same leaves with the same octets, in
 * messages made by a seed, whole and damaged.
 *
 * Where the walk says that programs may differ (`exact: false`) only the structure is compared.
 * Known differences are named below.
 */
// @beside
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { MimeWalk } from '../../src/mime/walk.ts';
import { compose } from '../mime/composer.ts';
import { withoutProgram } from '../support/require.ts';
import { type Seeded, seeded } from '../support/seeded.ts';
import { run } from './run.ts';

/**
 * Reads messages as lines of base64; writes one line of JSON for each: [path, octets, SHA-256] of
 * every leaf.
 */
const PYTHON = `
import sys, json, base64, email, hashlib
def leaves(message, prefix, found):
    def entity(e, here, below):
        if e.get_content_type() in ('message/rfc822', 'message/global') and isinstance(e.get_payload(), list) and e.get_payload():
            leaves(e.get_payload()[0], here, found)
        elif e.is_multipart():
            for n, part in enumerate(e.get_payload(), 1):
                at = (below + '.' if below else '') + str(n)
                entity(part, at, at)
        else:
            octets = e.get_payload(decode=True) or b''
            found.append([here, len(octets), hashlib.sha256(octets).hexdigest()])
    entity(message, (prefix + '.' if prefix else '') + '1', prefix)
for line in sys.stdin.buffer:
    found = []
    leaves(email.message_from_bytes(base64.b64decode(line)), '', found)
    print(json.dumps(found))
`;

interface Compared {
  readonly structure: number;
  readonly octets: number;
}

async function compare(messages: readonly Buffer[]): Promise<Compared> {
  const home = mkdtempSync(join(tmpdir(), 'sluis-peer-'));
  const input = Buffer.from(messages.map((m) => `${m.toString('base64')}\n`).join(''));
  const out = await run('python3', ['-c', PYTHON], { home, input }).finally(() => rmSync(home, { recursive: true }));
  const lines = out.toString().trimEnd().split('\n');
  assert.equal(lines.length, messages.length);
  let structure = 0;
  let octets = 0;
  for (const [n, message] of messages.entries()) {
    const walk = new MimeWalk();
    walk.write(message);
    const ours = walk.end().leaves.filter((leaf) => leaf.encoding !== 'uuencode');
    const theirs = JSON.parse(lines[n]!) as [string, number, string][];
    const text = (): string => `message ${n}:\n${message.toString('latin1')}`;
    assert.deepEqual(
      ours.map((leaf) => leaf.path),
      theirs.map(([path]) => path),
      text(),
    );
    structure += 1;
    for (const [i, leaf] of ours.entries()) {
      if (!leaf.exact) continue;
      assert.deepEqual([leaf.path, leaf.octets, leaf.sha256], theirs[i], text());
      octets += 1;
    }
  }
  return { structure, octets };
}

const skip = withoutProgram('python3', 'python3');

test(
  "Python's email package finds the same leaves with the same octets in 1,500 seeded messages",
  { skip },
  async () => {
    const messages = Array.from({ length: 1500 }, (_, n) => compose(n + 1, 5).octets);
    const { octets } = await compare(messages);
    assert.ok(octets > 3000, `${octets} leaves compared`);
  },
);

test("Python's email package sees damaged messages as the walk does, but for what is marked", { skip }, async () => {
  const messages = Array.from({ length: 1500 }, (_, n) => damaged(seeded(n + 1)));
  const { octets } = await compare(messages);
  assert.ok(octets > 500, `${octets} leaves compared`);
});

/** A sound message with lines taken out, doubled or put elsewhere, or broken off. */
function damaged(random: Seeded): Buffer {
  const lines = compose(random.below(100_000), 4).octets.toString('latin1').split('\r\n');
  // The header of the message itself is refused where it is damaged.
  const body = lines.indexOf('') + 1;
  const anyLine = (): number => body + random.below(lines.length - body);
  for (let n = 1 + random.below(3); n > 0; n--) {
    const at = anyLine();
    const line = lines[at] ?? '';
    // A header that is gone makes another message, not a damaged one; of `From ` Python makes a
    // header anywhere.
    if (/^(?:content-|subject| filename|from )/i.test(line) || line === '') continue;
    if (random.below(2) === 0) lines.splice(at, 1);
    else lines.splice(anyLine(), 0, line);
  }
  const text = lines.join('\r\n');
  // Of two delimiters in a row Python makes one; the walk finds an empty part between them.
  if (/^(--\S+?)[ \t]*\r\n\1(?:--)?[ \t]*\r$/m.test(text)) return damaged(random);
  return Buffer.from(
    random.below(4) === 0 ? text.slice(0, Math.max(text.indexOf('\r\n\r\n') + 4, random.below(text.length))) : text,
    'latin1',
  );
}
