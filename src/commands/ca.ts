/** `sluis ca`: the gateway's own certificate authority. */
import { readFileSync } from 'node:fs';
import { z } from '../config/zod.ts';
import { CommandError } from '../cli/exit.ts';
import { FILE_PASSWORD, readFilePassword, twoPasswords } from '../cli/key-material.ts';
import { newFile, withFiles } from '../cli/new-file.ts';
import { facts, readableDay, table } from '../cli/output.ts';
import type { Terminal } from '../cli/terminal.ts';
import type { Actor } from '../store/actor.ts';
import type { CaParts } from '../ca/parts.ts';
import { type CaView, caView, listsView } from './ca/views.ts';
import { choice, kind, text } from './core/kind.ts';
import { file, secret } from './core/files.ts';
import { type Values, flag, need, old, opt } from './core/params.ts';
import { changes, changesHere, part, reads } from './core/row.ts';
import { subject } from './core/subject.ts';

// The code of the authority is loaded only when it works: a list of options needs none of it.
const work = () => import('./ca/authority.ts');

const keyKind = old(
  opt(choice('kind', ['rsa3072', 'rsa4096', 'p256', 'p384']), 'kind of the new keys; default: rsa3072', 'rsa3072'),
  'key',
);

const rootPassword = opt(secret(), 'opens the file of the root', '');
/** The file of an exported root, as a parameter. */
const rootFile = {
  ...kind(
    'root',
    {
      en: 'the file that "sluis ca export-root" wrote',
      nl: 'het bestand dat "sluis ca export-root" schreef',
    },
    z.string().max(64 * 1024),
    (value) => (/^[A-Za-z0-9+/=]+$/.test(value) ? value : undefined),
    (value) => value,
  ),
  secret: true as const,
};

const RENEWS = { keyKind, root: opt(rootFile, 'PKCS #12, base64'), rootPassword };
type Renewal = Values<typeof RENEWS>;

const parts = {
  crl: part({
    about: 'make new revocation lists',
    in: {},
    out: listsView,
    right: 'security',
    trail: [],
    undo: 'the next lists take their place',
    run: async ({ ca }) => (await work()).newLists(ca),
  }),
  // The key leaves encrypted: a password comes in, and a PKCS #12 file goes out.
  'export-root': part({
    about: 'hand over the key of the root',
    in: { rootPassword },
    out: z.object({ fingerprint: z.string(), pkcs12: z.string() }),
    right: 'owner',
    trail: ['authority.key-exported'],
    run: async ({ ca }, { rootPassword: password }, { actor }) => (await work()).exportRoot(ca, password, actor),
  }),
  // The key is removed only for somebody who has just shown, with the exported file, that he can
  // open a copy.
  'remove-root-key': part({
    about: 'remove the key of the root',
    in: { root: need(rootFile, 'the exported file, base64'), rootPassword },
    out: z.object({ fingerprint: z.string() }),
    right: 'owner',
    trail: ['authority.key-removed'],
    undo: 'the exported file has it',
    run: async ({ ca }, given, { actor }) => (await work()).removeRootKey(ca, given, actor),
  }),
  'renew-issuer': renewal('security', async (ca, input, actor) => (await work()).newIssuer(ca, input, actor)),
  'renew-root': renewal('owner', async (ca, input, actor) => (await work()).newRoot(ca, input, actor)),
};

function renewal(right: 'security' | 'owner', run: (ca: CaParts, input: Renewal, actor: Actor) => Promise<CaView>) {
  return part({
    about: 'make new authorities',
    in: RENEWS,
    out: caView,
    right,
    trail: [right === 'owner' ? 'authority.root-renewed' : 'authority.issuer-renewed'],
    run: ({ ca }, input, { actor }) => run(ca, input, actor),
  });
}

const renews = (name: 'renew-issuer' | 'renew-root', about: string, example: string) =>
  changesHere({
    about,
    in: {
      keyKind,
      root: opt(file, 'the exported key of the root, if the key folder no longer has it'),
      rootPasswordFile: opt(file, 'first line of this file is its password; - for standard input'),
    },
    out: caView,
    right: parts[name].right,
    trail: parts[name].trail,
    undo: 'another renewal; certificates of the old ones stay valid',
    examples: [example],
    run: async (here, { keyKind: of, root, rootPasswordFile: passwordFile }) => {
      const given = root === undefined ? {} : await givenRoot(here.terminal, root, passwordFile);
      return await here.call(parts[name], { 'key-kind': of, ...given });
    },
    say: caText,
  });

async function givenRoot(terminal: Terminal, root: string, passwordFile: string | undefined) {
  const { password } = await readFilePassword(terminal, { passwordFile });
  try {
    return { root: readFileSync(root).toString('base64'), 'root-password': password };
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new CommandError('usage', `Cannot read "${root}": ${code ?? String(error)}; name a file that you may read`);
  }
}

export const authority = subject(
  'ca',
  "the gateway's own certificate authority",
  {
    init: changes({
      about: 'make a root and an issuing authority; their keys are sealed in the key folder',
      in: { name: need(text('name', 64), 'organisation in the names of both, such as "Zorggroep Noord"'), keyKind },
      out: caView,
      right: 'owner',
      trail: ['authority.created'],
      undo: '"ca renew-root" makes others',
      examples: ['--name "Zorggroep Noord"'],
      run: async ({ ca }, { name, keyKind: of }, { actor }) => (await work()).newAuthority(ca, name, of, actor),
      say: caText,
    }),

    show: reads({
      about: 'show the authorities; --pem prints the roots, for programs that are to trust them',
      in: { pem: flag('print the certificates of the roots and what ties them together') },
      out: caView,
      right: 'read',
      examples: ['', '--pem'],
      run: async ({ ca }) => (await work()).show(ca),
      say: (shown, { pem }) => (pem ? rootsOf(shown) : caText(shown)),
    }),

    crl: changesHere({
      about: 'make new revocation lists',
      in: {
        out: need(file, 'new file: the lists of all issuing authorities, PEM'),
        der: flag('only the list of the current issuing authority, DER'),
      },
      out: listsView.shape.lists,
      right: 'security',
      trail: [],
      undo: 'the next lists take their place',
      examples: ['--out lists.pem', '--der --out list.crl'],
      run: async (here, { out: path, der }) => {
        const out = newFile(path, 0o644);
        const made = await withFiles([out], async () => {
          const all = await here.call(parts.crl, {});
          const current = all.lists.find((one) => one.current);
          if (der && current === undefined) throw new CommandError('configuration', all.problems.join('. '));
          out.write(der ? Buffer.from(current?.der ?? '', 'base64') : all.pem);
          return all;
        });
        for (const problem of made.problems) here.terminal.err(`Warning: ${problem}.\n`);
        return made.lists;
      },
      say: (made, { out }) =>
        [
          `Revocation lists: ${out}`,
          table(
            ['NUMBER', 'REVOKED', 'NEXT UPDATE', 'ISSUER'],
            made.map((l) => [l.number, l.entries, readableDay(l.nextUpdate), l.issuer.slice(0, 16)]),
          ),
        ].join('\n'),
    }),

    'export-root': changesHere({
      about: 'write the key of the root to a file, to be kept off line',
      in: {
        out: need(file, 'new file: PKCS #12, mode 0600'),
        remove: flag('remove the key from the key folder once the file was read back'),
        ...FILE_PASSWORD,
      },
      check: twoPasswords,
      out: z.object({ fingerprint: z.string(), file: z.string(), removed: z.boolean() }),
      right: 'owner',
      trail: ['authority.key-exported', 'authority.key-removed'],
      undo: 'the file has the key',
      examples: ['--out root.p12 --password-out root.txt'],
      run: async (here, { out: path, remove, ...password }) => {
        const out = newFile(path, 0o600);
        const secretOf = await withFiles([out], () => readFilePassword(here.terminal, password));
        const opens = { 'root-password': secretOf.password };
        const { fingerprint } = await withFiles([out, secretOf], async () => {
          const made = await here.call(parts['export-root'], opens);
          out.write(Buffer.from(made.pkcs12, 'base64'));
          return made;
        });
        // The file is read back from the disk, since from here on it may be the only copy.
        const root = readFileSync(path).toString('base64');
        if (remove) await here.call(parts['remove-root-key'], { root, ...opens });
        return { fingerprint, file: path, removed: remove };
      },
      say: ({ file: path, removed }, { passwordOut }) =>
        [
          `Key of the root: ${path}. Keep it and its password off line, in two places each.`,
          ...(passwordOut === undefined ? [] : [`Its password: ${passwordOut}`]),
          removed
            ? 'The key folder no longer has it. Backups of the key folder may: it is sealed there, but remove it.'
            : 'The key folder still has it; --remove takes it away.',
        ].join('\n'),
    }),

    'renew-issuer': renews(
      'renew-issuer',
      'make a new issuing authority under the same root; certificates of the old one stay valid',
      '--root root.p12 --root-password-file root.txt',
    ),
    'renew-root': renews(
      'renew-root',
      'make a new root and issuing authority; old and new root certify each other',
      '--key-kind p384',
    ),
  },
  { parts },
);

const rootsOf = ({ authorities }: CaView): string =>
  authorities
    .flatMap((a) => (a.role === 'issuing' ? [] : [a.pem]))
    .join('')
    .trimEnd();

function caText({ authorities, advice }: CaView): string {
  const earlier = authorities.filter((a) => !a.current);
  const rows = earlier.map((a) => [a.role, readableDay(a.ends), a.subject, a.issuer]);
  const current = authorities
    .filter((a) => a.current)
    .map((a) =>
      facts([
        [a.role === 'root' ? 'Root' : 'Issuing authority', a.subject],
        ['Fingerprint', a.fingerprint],
        ['Key', `${a.key}, ${a.privateKey === 'here' ? 'sealed in the key folder' : 'not in the key folder'}`],
        ['Ends', readableDay(a.ends)],
      ]),
    );
  const table_ = earlier.length === 0 ? [] : [table(['EARLIER', 'ENDS', 'SUBJECT', 'ISSUER'], rows)];
  return [...current, ...table_, ...advice].join('\n\n');
}
