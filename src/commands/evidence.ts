/**
 * `sluis evidence`: the certificate with which evidence is checked. `sluis trace` writes and checks
 * the evidence itself.
 */
import { z } from '../config/zod.ts';
import { certificatePem } from '../crypto/certificates/certificate.ts';
import { iso } from '../domain/units.ts';
import { reads } from './core/row.ts';
import { subject } from './core/subject.ts';

export const evidence = subject('evidence', 'signed evidence about messages and deletions', {
  certificate: reads({
    api: { method: 'GET', path: '/evidence-certificate' },
    about: 'print the certificate that evidence is checked with, for those who will check it',
    in: {},
    out: z.object({ pem: z.string(), fingerprint: z.string(), until: z.string() }),
    right: 'read',
    examples: [''],
    run: async ({ clock, evidence: parts }) => {
      const { certificate } = await parts.key(clock.now());
      const { fingerprint, notAfter } = certificate;
      return { pem: certificatePem(certificate), fingerprint, until: iso(notAfter) };
    },
    say: ({ pem, fingerprint }) => `${pem.trimEnd()}\n\nSHA-256 ${fingerprint}`,
  }),
});
