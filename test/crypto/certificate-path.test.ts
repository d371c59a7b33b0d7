import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { KeyPair } from '../../src/crypto/certificates/authority.ts';
import type { Certificate } from '../../src/crypto/certificates/certificate.ts';
import { type PathOptions, type PathReason, findPath } from '../../src/crypto/certificates/certificate-path.ts';
import { type Encoded, sequence, utf8 } from '../../src/crypto/certificates/der.ts';
import { type Name, makeName } from '../../src/crypto/certificates/distinguished-name.ts';
import {
  authorityKeyId,
  basicConstraints,
  extendedKeyUsage,
  extension,
  keyIdOf,
  keyUsage,
  subjectKeyId,
} from '../../src/crypto/certificates/extensions.ts';
import { Oid } from '../../src/crypto/certificates/oids.ts';
import { days, instant } from '../../src/domain/units.ts';
import { type Crafted, NOW, craft, keyNamed, named } from './support.ts';

const ca = [basicConstraints('any'), keyUsage('keyCertSign', 'cRLSign')];
const leafOf = (purpose: string = Oid.clientAuth): readonly Encoded[] => [
  basicConstraints(undefined),
  keyUsage('digitalSignature'),
  extendedKeyUsage(purpose),
];
interface Step {
  readonly name?: Name;
  readonly key?: string;
  readonly with?: Partial<Crafted>;
}
/** A chain from the root down; each step is signed by the one before. */
async function chain(...steps: readonly Step[]): Promise<readonly Certificate[]> {
  const made: Certificate[] = [];
  let issuer: { readonly name: Name; readonly keys: KeyPair } | undefined;
  for (const [i, step] of steps.entries()) {
    const name = step.name ?? named(i === steps.length - 1 ? 'Leaf' : `Authority ${i}`);
    const keys = await keyNamed(step.key ?? `step ${i}`);
    const extensions = i === steps.length - 1 ? leafOf() : ca;
    const from: { readonly name: Name; readonly keys: KeyPair } = issuer ?? { name, keys };
    made.push(await craft({ subject: name, issuer: from.name, keys, signer: from.keys, extensions, ...step.with }));
    issuer = { name, keys };
  }
  return made;
}
const judge = (path: readonly Certificate[], more: Partial<PathOptions> = {}): PathReason | 'trusted' => {
  const result = findPath(path.at(-1)!, {
    anchors: [path[0]!],
    intermediates: path.slice(1, -1),
    purpose: 'login',
    now: NOW,
    ...more,
  });
  if (result.kind === 'trusted') return 'trusted';
  assert.match(result.text, /^the certificate ".*" \(serial [0-9a-f]+\) \S/);
  return result.reason;
};

test('a path from leaf to anchor is found, in any order of intermediates', async () => {
  const [root, upper, lower, leaf] = (await chain({}, {}, {}, {})) as [
    Certificate,
    Certificate,
    Certificate,
    Certificate,
  ];
  const result = findPath(leaf, {
    anchors: [root],
    intermediates: [leaf, root, upper, lower],
    purpose: 'login',
    now: NOW,
  });
  assert.deepEqual(
    result.kind === 'trusted' ? result.path.map((c) => c.serial) : result,
    [leaf, lower, upper, root].map((c) => c.serial),
  );
  assert.equal(judge([root, leaf]), 'no-issuer', 'an intermediate is missing');
});

test('a configured intermediate or leaf is an anchor by itself', async () => {
  const path = await chain({}, {}, {});
  assert.equal(judge(path, { anchors: [path[1]!], intermediates: [] }), 'trusted');
  assert.equal(judge(path, { anchors: [path[2]!], intermediates: [] }), 'trusted');
  assert.equal(judge(path, { anchors: [] }), 'no-issuer');
});

test('dates of every certificate count, to the second', async () => {
  const old = { notAfter: NOW - 1000 };
  const future = { notBefore: NOW + 1000 };
  assert.equal(judge(await chain({}, {}, { with: old })), 'expired');
  assert.equal(judge(await chain({}, { with: old }, {})), 'expired');
  assert.equal(judge(await chain({ with: old }, {}, {})), 'expired');
  assert.equal(judge(await chain({}, {}, { with: future })), 'not-yet-valid');
  assert.equal(judge(await chain({}, { with: future }, {})), 'not-yet-valid');
  const edge = await chain({}, {}, { with: { notBefore: NOW, notAfter: NOW + 1000 } });
  assert.equal(judge(edge), 'trusted');
  assert.equal(judge(edge, { now: instant(NOW + 1999) }), 'trusted');
  assert.equal(judge(edge, { now: instant(NOW + 2000) }), 'expired');
  assert.equal(judge(edge, { now: instant(NOW - 1) }), 'not-yet-valid');
});

test('an end entity that signs certificates is no authority', async () => {
  for (const extensions of [leafOf(), [basicConstraints(undefined)], [keyUsage('keyCertSign')], []])
    assert.equal(judge(await chain({}, { with: { extensions } }, {})), 'not-an-authority');
});

test('the path length is counted below each authority, self-issued ones left out', async () => {
  const limited = (n: number): Step => ({ with: { extensions: [basicConstraints(n), keyUsage('keyCertSign')] } });
  assert.equal(judge(await chain(limited(0), {}, {})), 'path-length');
  assert.equal(judge(await chain(limited(1), {}, {})), 'trusted');
  assert.equal(judge(await chain(limited(1), limited(0), {})), 'trusted');
  assert.equal(judge(await chain({}, limited(0), {}, {})), 'path-length');
  const self = named('Authority 0');
  assert.equal(judge(await chain(limited(0), { name: self, key: 'rolled' }, {})), 'trusted');
});

test('the length of the path is limited', async () => {
  const path = await chain({}, {}, {}, {}, {}, {}, {});
  assert.equal(judge(path), 'too-long');
  assert.equal(judge(path, { maxLength: 7 }), 'trusted');
});

test('key usage and extended key usage must allow the purpose', async () => {
  const withLeaf = async (extensions: readonly Encoded[]) => chain({}, { with: { extensions } });
  assert.equal(
    judge(await chain({}, { with: { extensions: [basicConstraints('any'), keyUsage('cRLSign')] } }, {})),
    'key-usage',
  );
  assert.equal(judge(await withLeaf([keyUsage('keyEncipherment')])), 'key-usage');
  assert.equal(judge(await withLeaf(leafOf(Oid.serverAuth))), 'extended-key-usage');
  assert.equal(judge(await withLeaf(leafOf(Oid.emailProtection))), 'extended-key-usage');
  assert.equal(judge(await withLeaf(leafOf()), { purpose: 'mail-signing' }), 'extended-key-usage');
  assert.equal(judge(await withLeaf(leafOf(Oid.emailProtection)), { purpose: 'mail-signing' }), 'trusted');
  assert.equal(judge(await withLeaf(leafOf(Oid.emailProtection)), { purpose: 'mail-encryption' }), 'key-usage');
  const agrees = [keyUsage('keyAgreement'), extendedKeyUsage(Oid.emailProtection)];
  assert.equal(judge(await withLeaf(agrees), { purpose: 'mail-encryption' }), 'trusted');
  assert.equal(judge(await withLeaf([])), 'trusted', 'no limit at all');
  assert.equal(judge(await withLeaf(leafOf(Oid.anyExtendedKeyUsage))), 'trusted');
  const mailOnly = { with: { extensions: [...ca, extendedKeyUsage(Oid.emailProtection)] } };
  assert.equal(
    judge(await chain({}, mailOnly, {})),
    'extended-key-usage',
    'an authority for mail cannot open the door to login',
  );
});

test('a signature by another key of the same name is refused', async () => {
  const path = await chain({}, {}, {});
  const impostor = await chain({ key: 'impostor' }, {});
  assert.equal(judge(path, { anchors: [impostor[0]!] }), 'bad-signature');
});

test('SHA-1 signatures, weak keys, and critical extensions that we cannot honour end the path', async () => {
  const rsa = await keyNamed('rsa', 'rsa2048');
  const weak = { kind: 'rsa', hash: 'sha1', oid: Oid.sha1WithRsa } as const;
  const root = await craft({ subject: named('R'), issuer: named('R'), keys: rsa, signer: rsa, extensions: ca });
  const k = await keyNamed('leaf');
  const leaf = { subject: named('L'), issuer: named('R'), keys: k, signer: rsa };
  assert.equal(judge([root, await craft({ ...leaf, extensions: leafOf(), algorithm: weak })]), 'weak-signature');
  assert.equal(judge([root, await craft({ ...leaf, extensions: leafOf() })]), 'trusted');
  const short = await keyNamed('short', 'rsa1024' as 'rsa2048');
  assert.equal(judge([root, await craft({ ...leaf, keys: short, extensions: leafOf() })]), 'weak-key');
  const constraint = extension(Oid.nameConstraints, sequence(), true);
  assert.equal(judge(await chain({}, { with: { extensions: [...ca, constraint] } }, {})), 'critical-extension');
  assert.equal(
    judge(await chain({}, { with: { extensions: [...leafOf(), extension('1.2.3.4', utf8('x'), true)] } })),
    'critical-extension',
  );
  assert.equal(
    judge(await chain({}, { with: { extensions: [...leafOf(), extension('1.2.3.4', utf8('x'))] } })),
    'trusted',
  );
});

test('revocation is asked for every certificate below the anchor, with its issuer', async () => {
  const path = await chain({}, {}, {});
  const asked: string[] = [];
  const revocation: PathOptions['revocation'] = (c, issuer) => {
    asked.push(`${c.serial} by ${issuer.serial}`);
    return { kind: 'good' };
  };
  assert.equal(judge(path, { revocation }), 'trusted');
  assert.deepEqual(asked, [`${path[2]!.serial} by ${path[1]!.serial}`, `${path[1]!.serial} by ${path[0]!.serial}`]);
  assert.equal(
    judge(path, { revocation: () => ({ kind: 'revoked', at: instant(NOW - days(1)), reason: 'keyCompromise' }) }),
    'revoked',
  );
  assert.equal(judge(path, { revocation: () => ({ kind: 'unknown', text: 'no list' }) }), 'revocation-unknown');
});

test('among several issuers of one name the right one is found, and a flood of them is limited', async () => {
  const path = await chain({}, {}, {});
  const keys = await keyNamed('decoy');
  const decoy = (n: number) =>
    craft({
      subject: path[1]!.subject,
      issuer: path[0]!.subject,
      keys,
      signer: keys,
      extensions: ca,
      serial: 1000 + n,
    });
  const decoys = await Promise.all(Array.from({ length: 40 }, (_, n) => decoy(n)));
  assert.equal(judge(path, { intermediates: [...decoys.slice(0, 20), path[1]!] }), 'trusted');
  assert.equal(judge(path, { intermediates: [...decoys, path[1]!] }), 'too-many-candidates');
  const id = keyIdOf((await keyNamed('step 1')).publicKey);
  const marked = await chain(
    {},
    { with: { extensions: [...ca, subjectKeyId(id)] } },
    { with: { extensions: [...leafOf(), authorityKeyId(id)] } },
  );
  assert.equal(
    judge(marked, { intermediates: [...decoys, marked[1]!] }),
    'trusted',
    'the key identifier puts the right one first',
  );
});

test('two authorities that certified each other are no loop', async () => {
  const a = await keyNamed('loop a');
  const b = await keyNamed('loop b');
  const names = [makeName({ commonName: 'A' }), makeName({ commonName: 'B' })] as const;
  const ab = await craft({ subject: names[0], issuer: names[1], keys: a, signer: b, extensions: ca });
  const ba = await craft({ subject: names[1], issuer: names[0], keys: b, signer: a, extensions: ca });
  const leaf = await craft({
    subject: named('L'),
    issuer: names[0],
    keys: await keyNamed('leaf'),
    signer: a,
    extensions: leafOf(),
  });
  assert.equal(judge([ab, leaf], { anchors: [], intermediates: [ab, ba] }), 'no-issuer');
});
