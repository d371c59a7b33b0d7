/**
 * `sluis smime`: what protection would do to a message, and the inspection of a message that an
 * operator has.
 */
import { createReadStream } from 'node:fs';
import { readGivenCertificate } from '../cli/given-certificate.ts';
import { inspectedCode } from '../cli/inspected-code.ts';
import { messageFile } from '../cli/message-file.ts';
import { opensFile, privateKey } from './cert/params.ts';
import { address } from './core/kinds.ts';
import { file, pem } from './core/files.ts';
import { arg, old, opt } from './core/params.ts';
import { changesHere, part, reads } from './core/row.ts';
import { subject } from './core/subject.ts';
import { inspectText, testText } from './smime/text.ts';
import { inspectView, protectionView } from './smime/views.ts';

const as = opt(address, 'look inside with the keys that the gateway holds for this address');

/**
 * Inspects a message, which comes as the upload, one character an octet. It counts as a change and
 * not as a listing, since it may use a private key.
 */
const inspect = part({
  about: 'look into a message',
  in: { as, key: opt(privateKey, 'look inside with it'), certificate: opt(pem(), 'that of the key') },
  check: ({ key, certificate }) =>
    (key === undefined) === (certificate === undefined)
      ? undefined
      : 'Cannot look inside: a private key comes with its certificate',
  out: inspectView,
  right: 'support',
  trail: [],
  undo: 'it changes nothing',
  upload: { about: 'the message', needed: true },
  run: async (context, input, call) => (await import('./smime/inspect.ts')).inspectMessage(context, input, call),
});

export const smime = subject(
  'smime',
  'signed and encrypted messages',
  {
    test: reads({
      api: { method: 'POST', path: '/accounts/{accountId}/addresses/{addressId}/protection-tests' },
      about: 'show what would happen to a message to an address: protection, certificate, why',
      in: {
        address: arg(address, 'the addressee'),
        sender: old(opt(address, 'who sends; left out: a system that signs nothing'), 'from'),
      },
      out: protectionView,
      right: 'read',
      examples: ['huisarts@huisarts.example', 'huisarts@huisarts.example --sender assistent@huisarts.example'],
      run: async (context, { address: of, sender }) =>
        (await import('./smime/protection.ts')).viewProtection(context, of, sender),
      say: testText,
      fails: ({ outcome }) => (outcome === 'refused' ? { code: 'configuration' } : undefined),
    }),

    inspect: changesHere({
      about: 'show what protects a message, who signed it, and whether it is valid; its content is not shown',
      in: {
        file: arg(file, 'a message, or a bare smime.p7m'),
        as,
        key: opt(file, 'look inside with the key of this PKCS #12 file; the gateway forgets it afterwards'),
        passwordFile: opensFile,
      },
      out: inspectView,
      right: 'support',
      trail: [],
      undo: 'it changes nothing',
      examples: ['message.eml', 'message.eml --as huisarts@huisarts.example'],
      run: async (here, { file: path, as: of, key: from, passwordFile }) => {
        const given =
          from === undefined ? undefined : await readGivenCertificate(here.terminal, from, passwordFile, 'key');
        const upload = messageFile(path, (name) => createReadStream(name));
        return await here.call(inspect, { as: of, key: given?.key, certificate: given?.pem }, { upload });
      },
      say: inspectText,
      fails: inspectedCode,
    }),
  },
  { parts: { inspect } },
);
