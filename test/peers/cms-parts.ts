/**
 * What the tests of CMS with other programs share: a circle that is valid now, two contents, a
 * folder with everybody's files.
 */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { decrypt } from '../../src/crypto/cms/decrypt.ts';
import { type Recipient, encrypt } from '../../src/crypto/cms/encrypt.ts';
import type { ContentCipher } from '../../src/crypto/cms/algorithms.ts';
import { type Signer, type SigningOptions, signDetached, signOpaque } from '../../src/crypto/cms/sign.ts';
import { failures } from '../../src/crypto/cms/verdict.ts';
import { verifyDetached, verifyOpaque } from '../../src/crypto/cms/verify.ts';
import { encodePem } from '../../src/crypto/certificates/pem.ts';
import { makePkcs12 } from '../../src/crypto/key-files/pkcs12-export.ts';
import { instant } from '../../src/domain/units.ts';
import {
  type Circle,
  type Person,
  bucket,
  collect,
  makeCircle,
  random,
  signerOf,
  sliced,
  trust,
} from '../crypto/cms/support.ts';
import { type Ran, attempt } from './run.ts';

export const PASSWORD = 'laboratorium';

/** 8-bit text in a short message, and 700 KB of anything in a long one: DER and BER. */
const LATIN = Buffer.from(
  'Content-Type: text/plain; charset=iso-8859-1\r\nContent-Transfer-Encoding: 8bit\r\n\r\nd\xe9j\xe0 vu\r\n',
  'latin1',
);
export const CONTENTS: readonly (readonly [string, Buffer])[] = [
  ['short', LATIN],
  ['long', Buffer.from(random(700_000))],
];

export class NoticeWriter {
  readonly folder: string;
  readonly circle: Circle;

  private constructor(circle: Circle, folder: string) {
    this.circle = circle;
    this.folder = folder;
  }

  static async open(): Promise<NoticeWriter> {
    const noticeWriter = new NoticeWriter(
      await makeCircle(instant(Date.now())),
      mkdtempSync(join(tmpdir(), 'sluis-cms-')),
    );
    noticeWriter.put('root.pem', encodePem('CERTIFICATE', noticeWriter.circle.authority.certificate.der));
    for (const who of Object.values(noticeWriter.circle.people)) {
      noticeWriter.put(`${who.name}.crt`, who.certificatePem);
      noticeWriter.put(`${who.name}.key`, who.keyPem);
      if (who.name === 'ed25519') continue;
      const options = { password: PASSWORD, scheme: 'aes256', friendlyName: who.name, random } as const;
      noticeWriter.put(`${who.name}.p12`, await makePkcs12(who.privateKey, who.certificate, options));
    }
    for (const [name, content] of CONTENTS) noticeWriter.put(name, content);
    return noticeWriter;
  }
  close(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }

  put(name: string, octets: Uint8Array | string): void {
    writeFileSync(join(this.folder, name), octets);
  }
  get(name: string): Buffer {
    return readFileSync(join(this.folder, name));
  }
  makeFolder(name: string): string {
    mkdirSync(join(this.folder, name), { mode: 0o700 });
    return join(this.folder, name);
  }
  run(program: string, ...args: readonly string[]): Promise<Ran> {
    return attempt(program, args, { home: this.folder });
  }

  /**
   * Our signatures in every kind that a certificate of the circle can make. `opaque` and `detached`
   * are written as files.
   */
  signers(): readonly (readonly [string, Signer])[] {
    const { people } = this.circle;
    const rsa = signerOf(people.rsa2048);
    return [
      ...Object.values(people).map((who) => [who.name, signerOf(who)] as const),
      ['rsa2048 with SHA-384', { ...rsa, hash: 'sha384' }],
      ['rsa2048 with PSS', { ...rsa, rsa: 'pss' }],
      ['rsa2048 with PSS and SHA-512', { ...rsa, rsa: 'pss', hash: 'sha512' }],
    ];
  }
  async sign(signers: readonly Signer[], content: Buffer, more: Partial<SigningOptions> = {}): Promise<void> {
    const options = { signers, signingTime: this.circle.now, ...more };
    this.put('opaque', await collect(signOpaque(sliced(content, 65_536), options)));
    this.put('detached', await signDetached([content], options));
  }
  async encrypt(recipients: readonly Recipient[], cipher: ContentCipher, content: Buffer): Promise<void> {
    this.put('encrypted', await collect(encrypt(sliced(content, 65_536), { recipients, cipher, random })));
  }

  /** What we find wrong with their signature; empty if nothing is. */
  async wrongWith(file: string, who: Person, content: Buffer, form: 'opaque' | 'detached'): Promise<readonly string[]> {
    const into = bucket();
    const options = await trust(who.address, {}, this.circle);
    const octets = this.get(file);
    const verdict =
      form === 'opaque'
        ? await verifyOpaque(() => sliced(octets, 9000), into.take, options)
        : await verifyDetached([octets], () => [content], options);
    if (!verdict.ok) return [verdict.error.text];
    if (form === 'opaque' && !into.octets().equals(content)) return ['the content is another one'];
    return verdict.value.signers.length === 0
      ? ['nobody signed']
      : verdict.value.signers.flatMap(failures).map((f) => f.check);
  }
  /** How we decrypted their message; an error's text where we could not. */
  async opened(file: string, who: Person, content: Buffer): Promise<string> {
    const into = bucket();
    const opened = await decrypt(sliced(this.get(file), 9000), into.take, { keys: [who] });
    if (!opened.ok) return opened.error.text;
    return into.octets().equals(content) ? opened.value.cipher : 'another content';
  }
}
