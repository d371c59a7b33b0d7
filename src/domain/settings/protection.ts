/** Signing, encrypting and opening messages, by S/MIME or PGP. */
import { type Setting, accountAndAbove, everywhere } from './setting.ts';

export const protectionSettings = {
  sign: {
    scopes: accountAndAbove,
    type: { kind: 'choice', of: ['automatic', 'never', 'always'] },
    default: 'automatic',
    about:
      'Whether the gateway signs messages of the account (S/MIME or PGP) with the key of their From that it holds. Automatic: never for kinds edi and partner; for people whenever there is such a key that is valid. Always: a message that cannot be signed is refused.',
  },
  encrypt: {
    scopes: everywhere,
    type: { kind: 'choice', of: ['never', 'when-possible', 'required'] },
    default: 'never',
    about:
      'Whether the gateway encrypts messages to this addressee (S/MIME or PGP), who must then be able to read them. When-possible: to a valid mail certificate or OpenPGP key if there is one. Required: without one the recipient is refused with 550 5.7.5.',
  },
  'protection-profile': {
    scopes: everywhere,
    type: { kind: 'choice', of: ['automatic', 'interop', 'strong'] },
    default: 'automatic',
    about:
      'How messages to this addressee are encrypted: interop is read by every program (signed, AES-CBC), strong hides the subject as well (AES-GCM, RSA-OAEP). Automatic: strong if the address registered or showed that it reads AES-GCM. Of PGP: strong hides the subject, automatic is interop.',
  },
  'protection-by': {
    scopes: everywhere,
    type: { kind: 'choice', of: ['smime', 'pgp'] },
    default: 'smime',
    about:
      'Which of S/MIME and PGP protects messages to this addressee where both could do the same; the other one takes its place if this one cannot.',
  },
  open: {
    scopes: everywhere,
    type: { kind: 'boolean' },
    default: false,
    about:
      'Whether the gateway decrypts messages to this addressee with the keys that it holds for the address, for a system that knows no S/MIME or PGP. Nothing is encrypted to such an addressee.',
  },
  'encrypt-to-self': {
    scopes: accountAndAbove,
    type: { kind: 'boolean' },
    default: false,
    about:
      'Whether what is encrypted for others is encrypted to the sender as well, by the mail certificate or OpenPGP key of From, so that the sender can read a copy.',
  },
} as const satisfies Record<string, Setting>;
