/** What the pages of the queue and of held copies say, in both languages. */
export const QUEUE = {
  nl: {
    title: 'Wachtrij',
    about: 'Wat wacht op de mailserver van een partner, en wat wordt vastgehouden tot iemand beslist.',
    none: 'Er wacht niets.',
    columns: {
      number: 'Nummer',
      message: 'Bericht',
      to: 'Naar',
      state: 'Toestand',
      waits: 'Waarop het wacht',
      since: 'Aangenomen',
      deeds: 'Wat u kunt doen',
    },
    filters: {
      partner: { label: 'Partner', hint: 'Alleen wat op deze partner wacht.' },
      message: { label: 'Bericht', hint: 'Ons nummer, of de Message-ID.' },
      all: { label: 'Ook wat klaar is' },
    },
  },
  en: {
    title: 'Queue',
    about: "What waits for a partner's mail server, and what is held until somebody decides.",
    none: 'Nothing waits.',
    columns: {
      number: 'Number',
      message: 'Message',
      to: 'To',
      state: 'State',
      waits: 'What it waits for',
      since: 'Accepted',
      deeds: 'What you can do',
    },
    filters: {
      partner: { label: 'Partner', hint: 'Only what waits for this partner.' },
      message: { label: 'Message', hint: 'Our number, or the Message-ID.' },
      all: { label: 'Also what has ended' },
    },
  },
};

/** One delivery. */
export const DELIVERY = {
  nl: {
    title: 'Bezorging',
    sender: 'Afzender',
    recipient: 'Ontvanger',
    attempts: 'Pogingen',
    told: 'Afzender hoorde dat het later komt',
    ended: 'Afgelopen',
    reply: 'Laatste antwoord',
    size: 'Grootte',
    why: 'Waarom het wordt vastgehouden',
    postbox: 'postbus van',
    next: 'Wat wilt u doen',
    states: {
      waiting: 'wacht',
      held: 'vastgehouden',
      relayed: 'overgedragen',
      filed: 'vrijgegeven',
      failed: 'geweigerd',
      withdrawn: 'teruggehaald',
    },
    waits: {
      decision: 'Iemand moet het vrijgeven of weigeren.',
      turn: 'Het is nog niet geprobeerd. Het is zo aan de beurt.',
      again: 'De mailserver daar nam het nog niet aan. Volgende poging: {due}.',
      nothing: 'Het is klaar.',
    },
  },
  en: {
    title: 'Delivery',
    sender: 'Sender',
    recipient: 'Addressee',
    attempts: 'Attempts',
    told: 'Sender heard that it comes later',
    ended: 'Ended',
    reply: 'Last reply',
    size: 'Size',
    why: 'Why it is held',
    postbox: 'mailbox of',
    next: 'What do you want to do',
    states: {
      waiting: 'waits',
      held: 'held',
      relayed: 'handed over',
      filed: 'released',
      failed: 'refused',
      withdrawn: 'withdrawn',
    },
    waits: {
      decision: 'Somebody must release it or refuse it.',
      turn: 'It was not tried yet. Its turn comes soon.',
      again: 'The mail server there has not accepted it yet. Next attempt: {due}.',
      nothing: 'It has ended.',
    },
  },
};

export const QUEUE_DEEDS = {
  release: {
    nl: {
      button: 'Vrijgeven',
      what: 'Het wordt alsnog bezorgd bij de ontvanger. Dat is niet terug te draaien als het in de postbus ligt.',
      done: 'Het is vrijgegeven.',
    },
    en: {
      button: 'Release',
      what: 'It is delivered to the addressee. That cannot be undone once it is in the mailbox.',
      done: 'It was released.',
    },
  },
  refuse: {
    nl: {
      button: 'Weigeren',
      what: 'De ontvanger krijgt het niet. De afzender krijgt bericht en leest de reden die u typt. Dit is voorgoed.',
      done: 'Het is geweigerd. De afzender krijgt bericht.',
    },
    en: {
      button: 'Refuse',
      what: 'The addressee does not get it. The sender is told and reads the reason that you type. This is for good.',
      done: 'It was refused. The sender is told.',
    },
  },
  retry: {
    nl: {
      button: 'Nu proberen',
      what: 'De volgende poging begint meteen. Dat helpt alleen als de mailserver daar weer werkt.',
      done: 'Het wordt nu geprobeerd.',
    },
    en: {
      button: 'Try now',
      what: 'The next attempt begins at once. That helps only if the mail server there works again.',
      done: 'It is tried now.',
    },
  },
  hold: {
    nl: {
      button: 'Vasthouden',
      what: 'Het wacht tot iemand het vrijgeeft. De afzender hoort daar niets van. Beslist niemand, dan weigert de gateway het na enige tijd.',
      done: 'Het wordt vastgehouden.',
    },
    en: {
      button: 'Hold',
      what: 'It waits until somebody releases it. The sender hears nothing of it. If nobody decides, the gateway refuses it after some time.',
      done: 'It is held.',
    },
  },
};
