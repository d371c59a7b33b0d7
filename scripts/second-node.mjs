// What of the unit tests .ci/run does not run again on a second version of Node. Versions differ in what Node itself is: TLS, crypto, sockets, HTTP,
// streams, threads, files, processes, time zones, and the compiled libraries that it loads. Files that reach all of it only through parts of ours whose own
// tests are run again would find nothing there that those do not find. What is not named here is run again: whoever forgets a file loses time, not truth.
// `npm run test:node-24` runs all of it, before a release and before the version that ships is another one.

const SAME = [
  { below: 'bench/', because: 'it judges figures that are given' },
  { below: 'cost/', because: 'counts are held on the Node that ships' },
  { below: 'docs/', because: 'it reads sources and pages' },
  { below: 'lint/', because: 'it reads content as text' },
  { below: 'letters/', because: 'it composes text' },
  { below: 'admin/', because: 'operations over the store', but: ['socket'] },
  {
    below: 'delivery/',
    because: 'rules over the store; what connects is in smtp/ and gateway/',
    but: ['push'],
  },
  { below: 'submission/', because: 'rules over the store', but: ['submission'] },
  { below: 'pickup/', because: 'rules over the store' },
  {
    below: 'smtp/',
    because: 'replies of dialogs over the store; what is read and written octet by octet is run',
    but: ['broken-off', 'courier', 'data-decoder', 'library', 'parser', 'session', 'submission'],
  },
  { below: 'ca/', because: 'rounds over the store; certificates themselves are in crypto/' },
  { below: 'trail/', because: 'rules over the store' },
  { below: 'backup/', because: 'rounds over the copies of the store' },
  {
    below: 'cli/',
    because: 'commands over the socket and the store; what touches terminals, processes, files and signals is run',
    but: [...['command-file', 'init', 'other-version', 'progress', 'prompt', 'runtime'], 'watchdog'],
  },
  {
    below: 'commands/',
    because: 'rows over the socket and the store; words of the command line and files are in rows',
    but: ['rows'],
  },
  {
    below: 'store/',
    because: 'changes and reads that SQLite runs as it runs the others; what has threads, files and octets is run',
    but: [
      ...['calls', 'group-commit', 'migrations', 'reserve', 'upload-slices', 'writer'],
      ...['sqlite-full', 'sqlite-opening', 'sqlite-sealing', 'sqlite'],
    ],
  },
  {
    below: 'gateway/',
    because: 'a gateway whose sockets, TLS and timers are in these files and in gateway.test.ts',
    but: ['listeners', 'reload', 'stop', 'tls'],
  },
  {
    below: 'api/',
    because: 'routes over the commands and the store; what reads HTTP octet by octet is run',
    but: ['server', 'smuggling', 'mailbox/range', 'messages/octets'],
  },
  { below: 'cluster/', because: 'rounds over stores; the channel is run', but: ['tickets'] },
  { below: 'config/', because: 'settings are read by a library, and judged' },
  { below: 'console/', because: 'pages over the commands', but: ['log-in'] },
  ...['crypto/fuzz', 'crypto/cms/fuzz', 'mime/walk'].map((file) => ({
    below: `${file}.`,
    because: 'readers of octets, tried by chance; what they are made of is run',
  })),
  { below: 'edi/', because: 'readers of octets, without anything of Node' },
  { below: 'middleware/', because: 'steps of ours around crypto/ and mime/' },
  { below: 'scripts/', because: 'this very run has the runner; what builds, builds for both' },
  ...['bad-day', 'scram-login', 'pgp', 'smime'].map((file) => ({
    below: `${file}.`,
    because: 'dialogs with a gateway, made of what smtp/, pop3/, auth/ and crypto/ try by themselves',
  })),
  { below: 'support/instance.', because: 'gateways of tests' },
  { below: 'self-service/', because: 'pages over the commands, on the frame of the console', but: ['codes'] },
  { below: 'source/', because: 'what is fetched comes over the sockets that smtp/ and pop3/ try' },
  { below: 'webhooks/', because: 'rules over the store; what connects is run', but: ['deliverer'] },
  { below: 'notice-send', because: 'letters that a command sends through a gateway' },
  { below: 'account-', because: 'commands over a gateway' },
  { below: 'contain', because: 'commands over a gateway' },
  { below: 'enrolment', because: 'codes over the store; the page is in self-service/' },
  { below: 'opened-copies', because: 'the same files through the steps of middleware/, which are run' },
];

/** `name`: below dist/test, with slashes. */
export const isSameOnEveryNode = (name) =>
  SAME.some(({ below, but = [] }) => name.startsWith(below) && !but.some((file) => name === `${below}${file}.test.js`));

/** What the list names, each as the beginning of a name below test. */
export const named = SAME.flatMap(({ below, but = [] }) => [below, ...but.map((file) => `${below}${file}.test.`)]);
