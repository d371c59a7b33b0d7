/** Messages as a step sees them, over a real store, and keys of a circle of people. */
import { randomBytes } from 'node:crypto';
import type { Certificate } from '../../src/crypto/certificates/certificate.ts';
import type { Capability } from '../../src/crypto/cms/attributes.ts';
import type { DecryptionKey } from '../../src/crypto/cms/decrypt.ts';
import { Pgp } from '../../src/crypto/pgp/pgp.ts';
import { type PgpSeals, pgpSeals } from '../../src/crypto/keys/pgp-seals.ts';
import type { ProtectionPlan, SigningIdentity } from '../../src/crypto/smime/plan.ts';
import { addressKey } from '../../src/domain/address.ts';
import { ok } from '../../src/domain/result.ts';
import type { Settings } from '../../src/domain/settings/setting.ts';
import { octets } from '../../src/domain/units.ts';
import { Chain, type ChainOutcome } from '../../src/middleware/chain.ts';
import type { MailKeys } from '../../src/protection/mail-keys.ts';
import { PgpKeyring } from '../../src/protection/pgp-keyring.ts';
import type { Addressee, Middleware, Submitted } from '../../src/middleware/middleware.ts';
import { contentFields } from '../../src/mime/content-fields.ts';
import { headerEnd } from '../../src/mime/header.ts';
import { MimeWalk } from '../../src/mime/walk.ts';
import type { SealedBody } from '../../src/store/body.ts';
import type { Store } from '../../src/store/port/store.ts';
import { type Person, circle, collect, signerOf, trust } from '../crypto/cms/support.ts';
import { type Cleanup, type TestStore, address, openTestStore, sealBody } from '../support/store.ts';

type StepKeys = Pick<MailKeys, 'plan' | 'signing' | 'decryptionKeys' | 'trust' | 'isOwn' | 'noteCapabilities'>;

/**
 * What a test decides: the plan for each address, the keys that are held, and who signs for the
 * gateway.
 */
export class FakeKeys implements StepKeys {
  readonly plans = new Map<string, ProtectionPlan>();
  readonly held = new Map<string, readonly DecryptionKey[]>();
  readonly noted: (readonly [string, readonly Capability[]])[] = [];
  /** How often a plan was asked for. */
  asked = 0;
  own: Certificate | undefined;
  broken = false;

  plan(_: unknown, recipient: Addressee['registered']): Promise<ProtectionPlan> {
    this.asked += 1;
    return Promise.resolve(
      this.plans.get(addressKey(recipient.address.address)) ?? { kind: 'plain', reason: 'nothing is wanted' },
    );
  }

  async signing({ signer, rsa }: Parameters<MailKeys['signing']>[0]): ReturnType<MailKeys['signing']> {
    if (this.broken) return { ok: false, error: 'sealed under another master key' };
    const who = Object.values((await circle()).people).find(
      ({ certificate }) => certificate.fingerprint === signer.certificate.fingerprint,
    );
    return ok({ signers: [{ ...signerOf(who!), rsa }] });
  }

  decryptionKeys(of: string): Promise<readonly DecryptionKey[]> {
    return Promise.resolve(this.held.get(of) ?? []);
  }

  async trust(): ReturnType<MailKeys['trust']> {
    const { address: _, ...rest } = await trust(undefined);
    return rest;
  }

  isOwn({ fingerprint }: Certificate): Promise<boolean> {
    return Promise.resolve(fingerprint === this.own?.fingerprint);
  }

  noteCapabilities(of: string, capabilities: readonly Capability[]): Promise<void> {
    this.noted.push([of, capabilities]);
    return Promise.resolve();
  }
}

export const identity = (who: Person, whose: SigningIdentity['whose'] = 'sender'): SigningIdentity => ({
  certificate: who.certificate,
  path: [who.certificate],
  whose,
});

export const keyOf = ({ certificate, privateKey }: Person): DecryptionKey => ({ certificate, privateKey });

export interface PgpBench {
  readonly thread: Pgp;
  readonly seals: PgpSeals;
  readonly keys: PgpKeyring;
}

function pgpBench(t: Cleanup, { store, clock, log }: TestStore): PgpBench {
  const thread = new Pgp();
  t.after(() => thread.close());
  const seals = pgpSeals(() => Promise.resolve(new Uint8Array(32)), random);
  return { thread, seals, keys: new PgpKeyring({ store, seals, clock, log }) };
}

export interface Bench extends TestStore {
  readonly keys: FakeKeys;
  /** The true OpenPGP side, over the store; its thread ends with the test. */
  readonly pgp: PgpBench;
  /** Bodies that were opened, and how often one was read. */
  readonly counts: { opened: number; read: number };
  /** Registers an account of people with this address; its login is the part before the @. */
  register(at: string, settings?: Settings): Promise<void>;
  submitted(content: Uint8Array, to: readonly string[], more?: Partial<Submitted>): Promise<Submitted>;
  run(step: Middleware, message: Submitted): Promise<ChainOutcome>;
}

const actor = { name: 'test' };

export async function bench(t: Cleanup): Promise<Bench> {
  const opened = await openTestStore(t);
  const { store } = opened;
  const counts = { opened: 0, read: 0 };
  const bodies: Pick<Store, 'openBody'> = {
    openBody: (promised) => {
      counts.opened += 1;
      return store.openBody(promised);
    },
  };
  await store.registry.addOrganisation({ name: 'practice', title: 'Practice', language: 'nl' }, actor);
  await store.registry.addOrganisation({ name: 'hospital', title: 'Hospital', language: 'en' }, actor);
  const register = async (at: string, settings: Settings = {}): Promise<void> => {
    const organisation = at.endsWith('@hospital.test') ? 'hospital' : 'practice';
    await store.registry.addAccount(
      { login: at, organisation, kind: 'mail', addresses: [address(at)], settings },
      actor,
    );
  };
  const addressee = async (at: string): Promise<Addressee> => {
    const registered = (await store.registry.findRecipient(addressKey(address(at))))!;
    return { to: { address: address(at), mailbox: registered.account.id }, registered };
  };
  const sender = 'p256@praktijk.example';
  await register(sender);
  const { account, organisation } = (await store.registry.findLogin(sender))!;
  return {
    ...opened,
    ...{ keys: new FakeKeys(), counts, register, pgp: pgpBench(t, opened) },
    submitted: async (content, to, more = {}) => {
      const sealed = await sealBody(store, content);
      const body: SealedBody = {
        ...sealed,
        slices: () => {
          counts.read += 1;
          return sealed.slices();
        },
      };
      const recipients: Addressee[] = [];
      for (const at of to) recipients.push(await addressee(at));
      const head = Buffer.from(content.subarray(0, headerEnd(Buffer.from(content))));
      const walk = new MimeWalk();
      walk.write(Buffer.from(content));
      return {
        body,
        content: contentFields(head),
        eightBit: false,
        parts: { ...walk.end(), interchanges: [] },
        sender: address(sender),
        messageId: 'm@client.test',
        from: address(sender),
        submitter: { account, organisation },
        recipients,
        receivedAt: opened.clock.now(),
        session: 'test',
        ...more,
      };
    },
    run: async (step, message) => await new Chain(bodies, [step]).run(message),
  };
}

export type StepPassed = Extract<ChainOutcome, { kind: 'passed' }>;

export function passed(outcome: ChainOutcome): StepPassed {
  if (outcome.kind === 'refused') throw new Error(`refused: ${outcome.refusal.text}`);
  return outcome;
}

export const contentOf = async ({ body }: { readonly body: SealedBody }): Promise<Buffer> => collect(body.slices());

/** The copy that an address gets. */
export function copyFor(outcome: ChainOutcome, at: string): StepPassed['copies'][number] {
  const found = passed(outcome).copies.find(({ recipients }) => recipients.some(({ to }) => to.address === at));
  if (found === undefined) throw new Error(`no copy for ${at}`);
  return found;
}

export const random = (length: number): Uint8Array => randomBytes(length);

export const letter = (
  body: string | Buffer,
  { to = 'bob@praktijk.example', cc = '', header = 'Content-Type: text/plain\r\n' } = {},
): Buffer =>
  Buffer.concat([
    Buffer.from(
      `Received: from x by mail.test (Sluis) with ESMTPSA; today\r\nFrom: <p256@praktijk.example>\r\nTo: ${to}\r\n${cc === '' ? '' : `Cc: ${cc}\r\n`}` +
        `Subject: Uitslag\r\nDate: Wed, 25 Nov 2026 12:00:00 +0000\r\nMessage-ID: <1@praktijk.example>\r\nMIME-Version: 1.0\r\n${header}\r\n`,
    ),
    Buffer.from(body as string, 'latin1'),
  ]);

export const size = octets;
