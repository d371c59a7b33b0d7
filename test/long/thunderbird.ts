/**
 * Thunderbird as a practice has it: an account of one person, driven through its own compose window
 * and folders, without a screen.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { Marionette } from './marionette.ts';

/** What docs/clients.md says to type into it. */
export interface MailAccount {
  readonly host: string;
  readonly pop3s: number;
  readonly submission: number;
  readonly login: string;
  readonly password: string;
  readonly address: string;
  readonly name: string;
  /** PEM, of the authority that signed the gateway's certificate. */
  readonly ca: string;
  /**
   * The gateway's certificate is that of `ca` itself, and the person confirms it for each port, as
   * the dialog of a server that is not known asks.
   */
  readonly selfSigned?: boolean;
}

/** Who sets it up, and PEM of the authority that signed the gateway's certificate. */
type Person = Pick<MailAccount, 'password' | 'name' | 'ca'>;

/** An account as the program has made it: where it fetches, and where it sends. */
export interface FoundAccount {
  readonly address: string;
  readonly servers: readonly {
    readonly host: string;
    readonly port: number;
    readonly tls: 'implicit' | 'starttls';
    readonly user: string;
  }[];
}

/** A directory that is searched over LDAPS. */
export interface AddressBook {
  readonly host: string;
  readonly port: number;
  readonly login: string;
  readonly password: string;
}

export interface Letter {
  readonly to: string;
  readonly subject: string;
  readonly body: string;
  readonly attachment?: string;
  readonly sign?: boolean;
  readonly encrypt?: boolean;
}

/**
 * `encrypted` and `signed`: the icon of the message window, such as ok or mismatch; none if there
 * is none.
 */
export interface Shown {
  readonly text: string;
  readonly encrypted: string;
  readonly signed: string;
}

/** Sent, or what the program told its user instead. */
export type SendOutcome = { readonly sent: true } | { readonly sent: false; readonly told: readonly string[] };

const PREFERENCES = {
  'app.update.enabled': false,
  'datareporting.policy.dataSubmissionEnabled': false,
  'mail.provider.suppress_dialog_on_startup': true,
  'mail.spotlight.firstRunDone': true,
  'mail.compose.warned_about_customize_from': true,
  'mail.identity.default.compose_html': false,
  'mail.warn_on_send_accel_key': false,
  'mailnews.start_page.enabled': false,
  'mailnews.auto_config_url': '',
  'security.OCSP.enabled': 0,
};

const MODULES = `const { MailServices } = ChromeUtils.importESModule("resource:///modules/MailServices.sys.mjs");
  const { MailUtils } = ChromeUtils.importESModule("resource:///modules/MailUtils.sys.mjs");
  const account = MailServices.accounts.accounts.find((a) => a.incomingServer.type === "pop3");
  const inbox = account?.incomingServer.rootFolder.getFolderWithFlags(Ci.nsMsgFolderFlags.Inbox);
  const until = async (what, test) => {
    for (let i = 0; i < 600; i++) { const found = await test(); if (found) return found; await new Promise((r) => setTimeout(r, 50)); }
    throw new Error("it did not happen: " + what);
  };`;

export class Thunderbird {
  readonly #child: ChildProcess;
  readonly #marionette: Marionette;

  private constructor(child: ChildProcess, marionette: Marionette) {
    this.#child = child;
    this.#marionette = marionette;
  }

  /** `web`: the port that it takes for 443. */
  static async start(home: string, hosts: readonly string[], web?: number): Promise<Thunderbird> {
    const profile = join(home, 'profile');
    mkdirSync(profile, { recursive: true });
    const port = await freePort();
    const set = {
      ...{ ...PREFERENCES, 'marionette.port': port, 'network.dns.localDomains': hosts.join(',') },
      ...(web === undefined ? {} : { 'network.socket.forcePort': `443=${web}` }),
    };
    const lines = Object.entries(set).map(([name, value]) => `user_pref("${name}", ${JSON.stringify(value)});\n`);
    writeFileSync(join(profile, 'user.js'), lines.join(''));
    const args = ['--headless', '--marionette', '--remote-allow-system-access', '--no-remote', '--profile', profile];
    const child = spawn('thunderbird', args, {
      stdio: 'ignore',
      env: { PATH: process.env.PATH ?? '', HOME: home, LANG: 'C.UTF-8', TZ: 'UTC', MOZ_CRASHREPORTER_DISABLE: '1' },
    });
    try {
      return new Thunderbird(child, await Marionette.open(port));
    } catch (error) {
      child.kill('SIGKILL');
      throw error;
    }
  }

  async stop(): Promise<void> {
    this.#marionette.close();
    const ended = new Promise((resolve) => this.#child.once('exit', resolve));
    this.#child.kill('SIGKILL');
    await ended;
  }

  /**
   * The account manager, as the set-up dialog fills it in: POP3 over TLS, SMTP with STARTTLS, a
   * normal password for both.
   */
  async setUp(account: MailAccount): Promise<void> {
    await this.#run(
      `const [a] = args;
      const db = Cc["@mozilla.org/security/x509certdb;1"].getService(Ci.nsIX509CertDB);
      const bare = a.ca.replace(/-----[A-Z ]+-----|\\s/g, "");
      if (a.selfSigned) {
        const confirmed = Cc["@mozilla.org/security/certoverride;1"].getService(Ci.nsICertOverrideService);
        for (const port of [a.pop3s, a.submission]) confirmed.rememberValidityOverride(a.host, port, {}, db.constructX509FromBase64(bare), false);
      } else db.addCertFromBase64(bare, "CT,C,");
      const login = (url, user) => {
        const info = Cc["@mozilla.org/login-manager/loginInfo;1"].createInstance(Ci.nsILoginInfo);
        info.init(url, null, url, user, a.password, "", "");
        return Services.logins.addLoginAsync(info);
      };
      await login("mailbox://" + a.host, a.login);
      await login("smtp://" + a.host, a.login);
      const server = MailServices.accounts.createIncomingServer(a.login, a.host, "pop3");
      server.port = a.pop3s;
      server.socketType = Ci.nsMsgSocketType.SSL;
      server.authMethod = Ci.nsMsgAuthMethod.passwordCleartext;
      server.loginAtStartUp = false;
      server.QueryInterface(Ci.nsIPop3IncomingServer).leaveMessagesOnServer = false;
      const smtp = MailServices.outgoingServer.createServer("smtp").QueryInterface(Ci.nsISmtpServer);
      smtp.hostname = a.host;
      smtp.port = a.submission;
      smtp.username = a.login;
      const out = smtp.QueryInterface(Ci.nsIMsgOutgoingServer);
      out.socketType = Ci.nsMsgSocketType.alwaysSTARTTLS;
      out.authMethod = Ci.nsMsgAuthMethod.passwordCleartext;
      MailServices.outgoingServer.defaultServer = out;
      const identity = MailServices.accounts.createIdentity();
      identity.email = a.address;
      identity.fullName = a.name;
      identity.smtpServerKey = out.key;
      identity.composeHtml = false;
      identity.doFcc = false;
      const made = MailServices.accounts.createAccount();
      made.incomingServer = server;
      made.addIdentity(identity);
      MailServices.accounts.defaultAccount = made;`,
      account,
    );
  }

  /**
   * As a person does who knows address and password alone: the account hub looks for everything
   * else. Resolves to what it made.
   */
  async setItselfUp({ address, password, name, ca }: Omit<FoundAccount, 'servers'> & Person): Promise<FoundAccount> {
    return await this.#run(
      `const [a] = args;
      Cc["@mozilla.org/security/x509certdb;1"].getService(Ci.nsIX509CertDB).addCertFromBase64(a.ca.replace(/-----[A-Z ]+-----|\\s/g, ""), "CT,C,");
      const window = await until("the main window is there", () => Services.wm.getMostRecentWindow("mail:3pane"));
      await until("it can open the hub", () => window.openAccountHub);
      window.openAccountHub("MAIL");
      // The form lies in shadow roots, and steps that are not shown have fields of the same name.
      const all = (root, what) => [...root.querySelectorAll("*")].flatMap((one) => [
        ...(one.matches(what) ? [one] : []), ...(one.shadowRoot ? all(one.shadowRoot, what) : [])]);
      const shown = (what) => all(window.document, what).find((one) => one.getClientRects().length > 0 && !one.disabled);
      const type = async (what, text) => {
        const field = await until(what + " is shown", () => shown(what));
        field.focus();
        field.value = text;
        for (const event of ["input", "change"]) field.dispatchEvent(new window.Event(event, { bubbles: true }));
      };
      const goOn = async () => (await until("the button is there", () => shown("#forward"))).click();
      await type("#realName", a.name);
      await type("#email", a.address);
      await goOn();
      await until("settings were found", () => shown("#incomingHost"));
      await goOn();
      await type("#password", a.password);
      await goOn();
      await until("the account is there", () => MailServices.accounts.accounts.some((one) => one.incomingServer.type === "pop3"));
      const { incomingServer, defaultIdentity } = MailServices.accounts.accounts.find((one) => one.incomingServer.type === "pop3");
      const out = MailServices.outgoingServer.getServerByKey(defaultIdentity.smtpServerKey).QueryInterface(Ci.nsISmtpServer);
      const of = (host, port, socket, user) => ({ host, port, tls: socket === Ci.nsMsgSocketType.SSL ? "implicit" : "starttls", user });
      return { address: defaultIdentity.email, servers: [
        of(incomingServer.hostname, incomingServer.port, incomingServer.socketType, incomingServer.username),
        of(out.hostname, out.port, out.QueryInterface(Ci.nsIMsgOutgoingServer).socketType, out.username)] };`,
      { address, password, name, ca },
    );
  }

  /**
   * The person's own certificate and key (PKCS #12), and those of the people who are written to
   * (PEM).
   */
  async useCertificates(file: string, password: string, others: readonly string[], ca: string): Promise<void> {
    await this.#run(
      `const [file, password, others, ca] = args;
      const db = Cc["@mozilla.org/security/x509certdb;1"].getService(Ci.nsIX509CertDB);
      const bare = (pem) => pem.replace(/-----[A-Z ]+-----|\\s/g, "");
      db.addCertFromBase64(bare(ca), "CT,C,");
      for (const other of others) {
        const der = Array.from(atob(bare(other)), (c) => c.charCodeAt(0));
        db.importEmailCertificate(der, der.length, null);
      }
      const path = Cc["@mozilla.org/file/local;1"].createInstance(Ci.nsIFile);
      path.initWithPath(file);
      const result = db.importPKCS12File(path, password);
      if (result !== 0) throw new Error("PKCS #12: " + result);
      const own = db.getCerts().find((c) => { try { return db.getCerts && c.certType & Ci.nsIX509Cert.USER_CERT; } catch { return false; } });
      const { defaultIdentity: identity } = account;
      for (const use of ["signing", "encryption"]) {
        identity.setUnicharAttribute(use + "_cert_name", own.displayName);
        identity.setCharAttribute(use + "_cert_dbkey", own.dbKey);
      }`,
      file,
      password,
      others,
      ca,
    );
  }

  /**
   * Address book, new LDAP directory, with SSL and the login as bind DN; addresses are looked up
   * there.
   */
  async useAddressBook(book: AddressBook): Promise<void> {
    await this.#run(
      `const [b] = args;
      const made = MailServices.ab.newAddressBook("Directory", "ldaps://" + b.host + ":" + b.port + "/o=directory??sub?(objectclass=*)", Ci.nsIAbManager.LDAP_DIRECTORY_TYPE);
      const book = MailServices.ab.getDirectoryFromId(made).QueryInterface(Ci.nsIAbLDAPDirectory);
      book.authDn = b.login;
      const { prePath, spec } = book.lDAPURL;
      // As it keeps a password that a person typed once.
      const info = Cc["@mozilla.org/login-manager/loginInfo;1"].createInstance(Ci.nsILoginInfo);
      info.init(prePath, null, spec, "", b.password, "", "");
      await Services.logins.addLoginAsync(info);
      Services.prefs.setBoolPref("ldap_2.autoComplete.useDirectory", true);
      Services.prefs.setStringPref("ldap_2.autoComplete.directoryServer", made);`,
      book,
    );
  }

  /** What is offered in the field of an addressee while that is typed. */
  async offered(typed: string): Promise<readonly string[]> {
    return await this.#run(
      `const [typed] = args;
      const search = Cc["@mozilla.org/autocomplete/search;1?name=ldap"].createInstance(Ci.nsIAutoCompleteSearch);
      const found = await new Promise((resolve) => search.startSearch(typed, JSON.stringify({ type: "addr_to", idKey: account.defaultIdentity.key }), null,
        { onSearchResult: (of, result) => result.searchResult !== Ci.nsIAutoCompleteResult.RESULT_NOMATCH_ONGOING && result.searchResult !== Ci.nsIAutoCompleteResult.RESULT_SUCCESS_ONGOING && resolve(result) }));
      if (found.searchResult === Ci.nsIAutoCompleteResult.RESULT_FAILURE) throw new Error("the search failed");
      return Array.from({ length: found.matchCount }, (_, i) => found.getValueAt(i));`,
      typed,
    );
  }

  /** Writes in the compose window and presses Send. */
  async send(letter: Letter): Promise<SendOutcome> {
    return await this.#run(
      `const [letter] = args;
      const fields = Cc["@mozilla.org/messengercompose/composefields;1"].createInstance(Ci.nsIMsgCompFields);
      fields.to = letter.to;
      fields.subject = letter.subject;
      fields.body = letter.body;
      if (letter.attachment) {
        const attachment = Cc["@mozilla.org/messengercompose/attachment;1"].createInstance(Ci.nsIMsgAttachment);
        const path = Cc["@mozilla.org/file/local;1"].createInstance(Ci.nsIFile);
        path.initWithPath(letter.attachment);
        attachment.url = Services.io.newFileURI(path).spec;
        attachment.name = path.leafName;
        fields.addAttachment(attachment);
      }
      const params = Cc["@mozilla.org/messengercompose/composeparams;1"].createInstance(Ci.nsIMsgComposeParams);
      params.type = Ci.nsIMsgCompType.New;
      params.format = Ci.nsIMsgCompFormat.PlainText;
      params.identity = account.defaultIdentity;
      params.composeFields = fields;
      return await pressSend(() => MailServices.compose.OpenComposeWindowWithParams(null, params), letter);`,
      letter,
    );
  }

  /** Answers the newest message of the inbox, as the button Reply does. */
  async answer(text: string): Promise<SendOutcome> {
    return await this.#run(
      `const [text] = args;
      const header = [...inbox.messages].sort((a, b) => b.messageKey - a.messageKey)[0];
      const uri = inbox.getUriForMsg(header);
      return await pressSend(
        () => MailServices.compose.OpenComposeWindow(null, header, uri, Ci.nsIMsgCompType.ReplyToSender, Ci.nsIMsgCompFormat.PlainText, account.defaultIdentity, null, null),
        { text });`,
      text,
    );
  }

  /** Get Messages. Resolves to the subjects in the inbox. */
  async fetch(): Promise<readonly string[]> {
    return await this.#run(`
      await new Promise((resolve, reject) => {
        const heard = { OnStartRunningUrl() {}, OnStopRunningUrl: (url, code) => code === 0 ? resolve() : reject(new Error("fetching ended with " + code)) };
        MailServices.pop3.GetNewMail(null, heard, inbox, account.incomingServer);
      });
      return [...inbox.messages].map((m) => m.mime2DecodedSubject);`);
  }

  /**
   * A message of the inbox in a window of its own: what a person reads there, and what the window
   * says of its protection.
   */
  async read(subject: string, signed = false): Promise<Shown> {
    return await this.#run(
      `const [subject, wanted] = args;
      const header = [...inbox.messages].find((m) => m.mime2DecodedSubject === subject);
      MailUtils.openMessageInNewWindow(header);
      const shown = await until("a message window opens", () => Services.wm.getMostRecentWindow("mail:messageWindow")?.messageBrowser?.contentWindow);
      const pane = () => shown.getMessagePaneBrowser?.().contentDocument;
      const text = await until("the message is shown", () => shown.msgLoaded && pane()?.body?.textContent.trim());
      const says = (id) => /message-[a-z]+-([a-z]+)\\.svg/.exec(shown.document.getElementById(id)?.src ?? "")?.[1] ?? "none";
      // The window judges a signature behind the text.
      if (wanted) await until("the signature is judged", () => says("signedHdrIcon") !== "none");
      const protection = { encrypted: says("encryptedHdrIcon"), signed: says("signedHdrIcon") };
      Services.wm.getMostRecentWindow("mail:messageWindow").close();
      return { text, ...protection };`,
      subject,
      signed,
    );
  }

  #run<T>(body: string, ...args: readonly unknown[]): Promise<T> {
    return this.#marionette.run<T>(`${MODULES}\n${PRESS_SEND}\n${body}`, ...args);
  }
}

/** What the user would read in a box of the program is collected, and answered with OK. */
const PRESS_SEND = `
  const pressSend = async (open, { to, text, sign, encrypt }) => {
    const told = [];
    const { prompt } = Services;
    const note = (window, title, message) => void told.push(String(message));
    Services.prompt = { QueryInterface: ChromeUtils.generateQI(["nsIPromptService"]), alert: note, confirm: (...a) => (note(...a), true),
      alertCheck: note, confirmCheck: (...a) => (note(...a), true), confirmEx: (...a) => (note(...a), 0), asyncAlert: async (w, t, ...a) => note(w, ...a) };
    try {
      const before = new Set(Services.wm.getEnumerator("msgcompose"));
      open();
      const window = await until("the compose window opens", () => [...Services.wm.getEnumerator("msgcompose")].find((w) => !before.has(w)));
      await until("the compose window is ready", () => window.gMsgCompose?.editor && window.composeEditorReady !== false && !window.gMsgCompose.insertingQuotedContent && !window.gSendLocked);
      if (text) window.gMsgCompose.editor.QueryInterface(Ci.nsIEditor) && window.gMsgCompose.editor.insertText(text);
      if (sign || encrypt) {
        window.gSelectedTechnologyIsPGP = false;
        window.gSendSigned = sign === true;
        window.gSendEncrypted = encrypt === true;
        // What the window does while a person types the address: it looks among its certificates, and then in the directory.
        if (encrypt) {
          // It does so by itself as well, and refuses a second look until the first one is done.
          const look = () => until("certificates were looked for", () => window.checkRecipientCerts([to]).then(() => true, () => false));
          await look();
          // Without a screen it waits neither for the box that fetches one from a directory, nor for what that imports.
          const known = () => window.gMsgCompose.compFields.composeSecure.haveValidCertForEmail(to);
          for (let i = 0; i < 40 && !known(); i++) { await new Promise((r) => setTimeout(r, 50)); await look(); }
        }
      }
      let failed = false;
      window.gMsgCompose.addMsgSendListener({ onStartSending() {}, onProgress() {}, onStatus() {}, onStopSending: (id, status) => { failed = status !== 0; },
        onGetDraftFolderURI() {}, onSendNotPerformed() {}, onTransportSecurityError() {} });
      window.GenericSendMessage(Ci.nsIMsgCompDeliverMode.Now);
      await until("the message is sent or refused", () => window.closed || failed || told.length > 0);
      if (window.closed && !failed) return { sent: true };
      window.gMsgCompose?.compFields && (window.gContentChanged = false);
      window.close();
      return { sent: false, told };
    } finally {
      Services.prompt = prompt;
    }
  };`;

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === 'object' && address !== null ? address.port : 0;
}
