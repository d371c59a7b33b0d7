/** Parameters of commands on certificates and keys. */
import { type KeyObject, createPrivateKey } from 'node:crypto';
import { z } from '../../config/zod.ts';
import { USES, certificateView } from '../../admin/cert-views.ts';
import { KiB } from '../../domain/units.ts';
import { choice, kind, named, type Kind } from '../core/kind.ts';
import { file } from '../core/files.ts';
import { arg, need, old, opt } from '../core/params.ts';

export const certificateName = named('certificate', 'serial');
export const byName = { serial: arg(certificateName, 'serial number or fingerprint') };
export const replaces = opt(certificateName, 'the certificate that it takes the place of');
export const use = old(need(choice('use', USES), 'login: TLS client authentication; mail: S/MIME'), 'for');
export const opensFile = opt(file, 'first line of this file opens the PKCS #12 file; - for standard input');

/**
 * A private key in PEM. It is never repeated in a text, nor are OpenSSL's words about it, which may
 * repeat it.
 */
export const privateKey: Kind<KeyObject> = {
  ...kind<KeyObject>(
    'key',
    { en: 'a private key, PEM without a passphrase', nl: 'een privésleutel, PEM zonder wachtzin' },
    z.string().max(16 * KiB),
    (pem) => {
      try {
        return createPrivateKey(pem);
      } catch {
        return undefined;
      }
    },
    (pem) => pem,
  ),
  secret: true,
};

/** A certificate, with what is wrong with using it for mail. */
export const judgedView = certificateView.extend({ problems: z.array(z.string()).readonly().optional() });
export type JudgedView = z.infer<typeof judgedView>;
