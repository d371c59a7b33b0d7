/** What the pages of webhooks say, in both languages. */
export const WEBHOOK = {
  nl: {
    title: 'Webhook',
    about: 'Gegevens',
    id: 'Nummer',
    whose: 'Over',
    all: 'alles',
    state: 'Toestand',
    states: { active: 'actief', paused: 'gepauzeerd' },
    why: 'Waarom',
    url: 'Adres',
    events: 'Gebeurtenissen',
    last: 'Laatst gelukt',
    never: 'nooit',
    failures: 'Mislukt op rij',
    nextTry: 'Volgende poging',
    missed: 'Niet gemeld, want te oud; van voor',
    oldSecret: 'Het oude geheim tekent nog tot',
    secret: 'Het geheim',
    once: 'Dit staat hier maar één keer. De ontvanger controleert er handtekeningen mee.',
    test: 'Nu een proef sturen',
    taken: 'De ontvanger nam het aan.',
    notTaken: 'De ontvanger nam het niet aan.',
    back: 'Terug',
  },
  en: {
    title: 'Webhook',
    about: 'About',
    id: 'Number',
    whose: 'Of',
    all: 'everything',
    state: 'State',
    states: { active: 'active', paused: 'paused' },
    why: 'Why',
    url: 'Address',
    events: 'Events',
    last: 'Last success',
    never: 'never',
    failures: 'Failures in a row',
    nextTry: 'Next try',
    missed: 'Too old to be sent: events before',
    oldSecret: 'The old secret signs until',
    secret: 'The secret',
    once: 'This is shown once. The receiver checks signatures with it.',
    test: 'Send a test now',
    taken: 'The receiver accepted it.',
    notTaken: 'The receiver did not accept it.',
    back: 'Back',
  },
};

export const WEBHOOKS = {
  nl: {
    title: 'Webhooks',
    about: 'Programma’s die over HTTPS horen wat er gebeurt.',
    none: 'Er is geen webhook.',
    columns: {
      id: 'Webhook',
      name: 'Naam',
      whose: 'Over',
      host: 'Waar',
      state: 'Toestand',
      last: 'Laatst gelukt',
      failures: 'Mislukt',
    },
    filters: { organisation: { label: 'Organisatie', hint: 'Van deze organisatie en haar accounts.' } },
  },
  en: {
    title: 'Webhooks',
    about: 'Programs that receive events over HTTPS.',
    none: 'There is no webhook.',
    columns: {
      id: 'Webhook',
      name: 'Name',
      whose: 'Of',
      host: 'Where',
      state: 'State',
      last: 'Last success',
      failures: 'Failures',
    },
    filters: { organisation: { label: 'Organisation', hint: 'Of this organisation and its accounts.' } },
  },
};

const FIELDS = {
  nl: {
    name: { label: 'Naam', hint: 'Zo heet hij in lijsten en brieven.' },
    url: { label: 'Adres', hint: 'Begint met https:// en is van buiten te bereiken.' },
    account: { label: 'Alleen over dit account', hint: 'Leeg: zie organisatie.' },
    organisation: { label: 'Alleen over deze organisatie', hint: 'Leeg, en geen account: over alles.' },
    event: { label: 'Gebeurtenissen', hint: 'Zoals message.failed. Leeg: alle.' },
  },
  en: {
    name: { label: 'Name', hint: 'What it is called in lists and letters.' },
    url: { label: 'Address', hint: 'Begins with https:// and can be reached from outside.' },
    account: { label: 'About this account only', hint: 'Empty: see organisation.' },
    organisation: { label: 'About this organisation only', hint: 'Empty, and no account: about everything.' },
    event: { label: 'Events', hint: 'Such as message.failed. Empty: all.' },
  },
};

export const WEBHOOK_DEED_WORDS = {
  add: {
    nl: {
      button: 'Webhook toevoegen',
      what: 'Een programma van buiten hoort voortaan wat er gebeurt, zonder inhoud, namen of adressen.',
      done: 'De webhook is toegevoegd.',
      fields: FIELDS.nl,
    },
    en: {
      button: 'Add a webhook',
      what: 'An outside program receives events from now on, without content, names or addresses.',
      done: 'The webhook was added.',
      fields: FIELDS.en,
    },
  },
  set: {
    nl: {
      button: 'Wijzigen',
      what: 'De volgende gebeurtenis gaat naar wat u hier invult. Een leeg veld blijft zoals het is.',
      done: 'De webhook is gewijzigd.',
      fields: FIELDS.nl,
    },
    en: {
      button: 'Change',
      what: 'The next event goes to what you fill in here. An empty field stays as it is.',
      done: 'The webhook was changed.',
      fields: FIELDS.en,
    },
  },
  pause: {
    nl: {
      button: 'Pauzeren',
      what: 'De ontvanger hoort niets meer tot u hervat. Wat binnen 7 dagen gebeurt hoort hij dan alsnog.',
      done: 'De webhook is gepauzeerd.',
    },
    en: {
      button: 'Pause',
      what: 'The receiver gets no events until you resume. It then gets those of the last 7 days.',
      done: 'The webhook is paused.',
    },
  },
  resume: {
    nl: {
      button: 'Hervatten',
      what: 'De webhook gaat verder waar hij stopte, of probeert het meteen opnieuw.',
      done: 'De webhook gaat verder.',
    },
    en: {
      button: 'Resume',
      what: 'The webhook continues where it stopped, or tries again at once.',
      done: 'The webhook continues.',
    },
  },
  rotate: {
    nl: {
      button: 'Nieuw geheim maken',
      what: 'De ontvanger moet het nieuwe geheim krijgen. Het oude tekent nog 7 dagen mee.',
      done: 'Het nieuwe geheim is gemaakt.',
    },
    en: {
      button: 'Make a new secret',
      what: 'The receiver must get the new secret. The old one signs as well for 7 days.',
      done: 'The new secret was made.',
    },
  },
  end: {
    nl: {
      button: 'Webhook beëindigen',
      what: 'De ontvanger hoort niets meer, voorgoed. Het geheim en het adres zijn weg.',
      done: 'De webhook is beëindigd.',
    },
    en: {
      button: 'End the webhook',
      what: 'The receiver gets no further events. Its secret and its address are deleted for good.',
      done: 'The webhook has ended.',
    },
  },
};
