/**
 * Verifies SignedData: hashes the content as it passes, then asks of every signer all that
 * `verdict.ts` lists.
 *
 * The content goes to the sink before anything is known about it: the caller keeps it apart until
 * the verdict is there.
 */
import { type Result, fail, ok } from '../../domain/result.ts';
import type { Unreadable } from '../certificates/ber.ts';
import type { Hash } from '../certificates/signature.ts';
import { ContentDigests } from './content-digests.ts';
import { CMS_LIMITS } from './limits.ts';
import { type SignedData, readSignedData, signedContent } from './signed-data.ts';
import { type Content, type TrustOptions, judge } from './signer-checks.ts';
import { type Sink, type Slices, paced } from './slices.ts';
import type { SignerVerdict, Verification } from './verdict.ts';

export type { TrustOptions } from './signer-checks.ts';

/** Hashes content on its way to a sink. */
class Passing {
  octets = 0;
  private begin: Buffer = Buffer.alloc(0);
  private readonly digests: ContentDigests;

  constructor(hashes: readonly Hash[], form: 'exact' | 'exact-and-canonical') {
    // MD5 is refused without computing it: two contents with one MD5 are made in seconds.
    this.digests = new ContentDigests(
      hashes.filter((hash) => hash !== 'md5'),
      form,
    );
  }
  take(slice: Uint8Array): void {
    if (this.octets === 0) this.begin = (slice as Buffer).subarray(0, 64);
    this.octets += slice.length;
    this.digests.update(slice as Buffer);
  }
  end(again: () => Slices): Content {
    return { octets: this.octets, digests: this.digests.finish(), begin: this.begin, again };
  }
}

async function judgeAll(data: SignedData, content: Content, trust: TrustOptions): Promise<Verification> {
  const signers: SignerVerdict[] = [];
  let form: Verification['form'] = 'exact';
  for (const signer of data.signers) {
    const { form: own, ...verdict } = await judge(signer, data, content, trust);
    if (own === 'canonical') form = own;
    signers.push(verdict);
  }
  const { contentType, certificates } = data;
  return { contentType, octets: content.octets, form, signers, certificates };
}

const readOptions = (
  trust: TrustOptions,
  onContent: (digests: readonly Hash[]) => Sink,
): Parameters<typeof readSignedData>[1] => ({
  limits: trust.limits ?? CMS_LIMITS,
  onContent,
  ...(trust.readCertificate && { readCertificate: trust.readCertificate }),
});

/**
 * Verifies SignedData with its content inside. The content goes to `into`, unverified, in slices;
 * what it is worth is known when this resolves. `source` is called a second time where a signature
 * is over the content itself (an old form without attributes).
 */
export async function verifyOpaque(
  source: () => Slices,
  into: Sink,
  trust: TrustOptions,
): Promise<Result<Verification, Unreadable>> {
  const { limits = CMS_LIMITS } = trust;
  let passing = new Passing([], 'exact');
  const data = await readSignedData(
    source(),
    readOptions(trust, (digests) => {
      passing = new Passing(digests, 'exact');
      return (slice) => {
        passing.take(slice);
        return into(slice);
      };
    }),
  );
  if (!data.ok) return data;
  if (data.value.octets === undefined && data.value.signers.length > 0)
    return fail({ kind: 'malformed', text: 'Cannot read the signed message: it is a signature without its content' });
  return ok(
    await judgeAll(
      data.value,
      passing.end(() => signedContent(source(), limits)),
      trust,
    ),
  );
}

/**
 * Verifies a detached signature. `content` gives the signed octets, exactly those between the
 * boundaries of multipart/signed; it is called again only where a signature is over the content
 * itself.
 */
export async function verifyDetached(
  signature: Slices,
  content: () => Slices,
  trust: TrustOptions,
): Promise<Result<Verification, Unreadable>> {
  const data = await readSignedData(
    signature,
    readOptions(trust, () => () => undefined),
  );
  if (!data.ok) return data;
  // Content both inside the signature and beside it is refused: two programs could show two
  // different messages.
  if (data.value.octets !== undefined)
    return fail({
      kind: 'malformed',
      text: 'Cannot read the signed message: its detached signature has a content too',
    });
  const passing = new Passing(data.value.digests, 'exact-and-canonical');
  for await (const slice of paced(content())) passing.take(slice);
  return ok(await judgeAll(data.value, passing.end(content), trust));
}
