// What of the unit tests .ci/run does not run again on a second version of Node. Versions differ in what Node itself is: TLS, crypto, sockets, HTTP,
// streams, threads, files, processes, time zones, and the compiled libraries that it loads. Each of these has a file or a few that are run again; files that
// reach it only through parts of ours whose own tests are, and second files of one subject, would find nothing there that those do not find. What is not named
// here is run again: whoever forgets a file loses time, not truth. `npm run test:node-24` runs all of it, and is the end of `npm run test:long`.

const SAME = [
  { below: 'bench/', because: 'it judges figures that are given' },
  { below: 'cost/', because: 'counts are held on the Node that ships' },
  { below: 'docs/', because: 'it reads sources and pages' },
  { below: 'lint/', because: 'it reads content as text' },
  { below: 'letters/', because: 'it composes text' },
  { below: 'admin/', because: 'operations over the store', but: ['socket'] },
  { below: 'notices/', because: 'rules over the store' },
  { below: 'push/', because: 'rules over the store; what connects is in smtp/ and gateway/' },
  { below: 'submission/', because: 'rules over the store' },
  { below: 'pickup/', because: 'rules over the store' },
  {
    below: 'smtp/',
    because: 'replies of dialogs over the store; what is read and written octet by octet is run',
    but: ['broken-off', 'courier', 'library', 'parser', 'session'],
  },
  { below: 'ca/', because: 'rounds over the store; certificates themselves are in crypto/' },
  { below: 'trail/', because: 'rules over the store' },
  { below: 'backup/', because: 'rounds over the copies of the store' },
  {
    below: 'cli/',
    because: 'commands over the socket and the store; what touches terminals, processes, files and signals is run',
    but: ['command-file', 'other-version', 'progress', 'prompt', 'runtime', 'watchdog'],
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
      ...['calls', 'migrations', 'reserve', 'upload-slices', 'writer'],
      ...['sqlite-full', 'sqlite-opening', 'sqlite'],
    ],
  },
  {
    below: 'gateway/',
    because: 'a gateway whose sockets, TLS and timers are in these files',
    but: ['reload', 'stop', 'tls'],
  },
  {
    below: 'api/',
    because: 'routes over the commands and the store; what reads HTTP octet by octet is run',
    but: ['server', 'smuggling', 'mailbox/range', 'messages/octets'],
  },
  { below: 'cluster/', because: 'rounds over stores; the channel is run', but: ['tickets'] },
  { below: 'config/', because: 'settings are read by a library, and judged' },
  { below: 'console/', because: 'pages over the commands; what reads HTTP is in http/ and api/' },
  ...[
    'crypto/fuzz',
    'crypto/der',
    'crypto/cms/damage',
    'crypto/cms/fuzz',
    'crypto/cms/limits',
    'mime/walk',
    'mime/walk-doubt',
  ].map((file) => ({
    below: `${file}.`,
    because: 'readers of octets, tried by chance or at their limits; what they are made of is run',
  })),
  { below: 'mime/base64-decoder.', because: 'arithmetic on octets' },
  {
    below: 'crypto/password-sha512crypt.',
    because: 'rounds of a digest; digests and the thread are tried by password.test.ts',
  },
  {
    below: 'crypto/authority.',
    because: 'certificates made of der and signatures; what TLS says to them is in authority-tls',
  },
  {
    below: 'crypto/pgp/',
    because: 'the library is the same; that its streams and ciphers run here is in mime',
    but: ['mime'],
  },
  {
    below: 'auth/',
    because: 'rules over the store and crypto/',
    but: ['authenticate', 'client-certificates', 'sasl', 'verify-queue'],
  },
  { below: 'ca/enrol/', because: 'pages over the store' },
  { below: 'probe/', because: 'dialogs, made of what smtp/ and pop3/ try by themselves' },
  {
    below: 'pop3/',
    because: 'replies of dialogs over the store; what listens, reads and streams is run',
    but: ['server', 'session', 'slabs', 'stuffing'],
  },
  {
    below: 'ldap/',
    because: 'readers of octets and a dialog over the store, on sockets as those of pop3/',
    but: ['server'],
  },
  { below: 'released-store', because: 'statements of SQLite over the store of a release' },
  { below: 'edi/', because: 'readers of octets, without anything of Node' },
  { below: 'middleware/', because: 'steps of ours around edi/ and mime/' },
  { below: 'protection/', because: 'steps of ours around crypto/ and mime/' },
  { below: 'scan/', because: 'rules of a step; what connects is run', but: ['line', 'scanner', 'verdict'] },
  { below: 'scripts/', because: 'this very run has the runner; what builds, builds for both' },
  ...['bad-day', 'certificate-login', 'gateway', 'scram-login', 'pgp', 'smime'].map((file) => ({
    below: `${file}.`,
    because: 'dialogs with a gateway, made of what smtp/, pop3/, auth/ and crypto/ try by themselves',
  })),
  { below: 'support/instance.', because: 'gateways of tests' },
  { below: 'self-service/', because: 'pages over the commands, on the frame of the console', but: ['codes'] },
  { below: 'takeover/source/', because: 'what is fetched comes over the sockets that smtp/ and pop3/ try' },
  { below: 'webhooks/', because: 'rules over the store; what connects is run', but: ['deliverer'] },
  { below: 'notice-send', because: 'letters that a command sends through a gateway' },
  { below: 'account-', because: 'commands over a gateway' },
  { below: 'contain', because: 'commands over a gateway' },
  { below: 'enrolment', because: 'codes over the store; the page is in self-service/' },
  { below: 'opened-copies', because: 'the same files through the steps of protection/, which are run' },
];

/** `name`: below dist/test, with slashes. */
export const isSameOnEveryNode = (name) =>
  SAME.some(({ below, but = [] }) => name.startsWith(below) && !but.some((file) => name === `${below}${file}.test.js`));

/** What the list names, each as the beginning of a name below test. */
export const named = SAME.flatMap(({ below, but = [] }) => [below, ...but.map((file) => `${below}${file}.test.`)]);
