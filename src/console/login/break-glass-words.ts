/** What the pages of the account for emergencies say, in both languages. */
export const BREAK_GLASS_WORDS = {
  nl: {
    link: 'Noodaccount',
    title: 'Inloggen met het noodaccount',
    lead: 'Dit account is bedoeld voor als niemand anders kan inloggen. Ieder gebruik wordt gemeld.',
    password: 'Wachtwoord',
    passwordHint: 'Zes groepjes van vier tekens, met streepjes ertussen. Het ligt in de kluis.',
    code: 'Code',
    codeHint: 'Zes cijfers uit de app. Elke code werkt een keer.',
    button: 'Inloggen',
    refused:
      'Dat ging niet. Het wachtwoord of de code klopt niet, of de code is al gebruikt. Wacht op de volgende code.',
    proveTitle: 'Bevestig met een nieuwe code',
    prove: 'Bevestigen',
    proveRefused: 'Deze code klopt niet, of hij is al gebruikt. Wacht op de volgende code.',
  },
  en: {
    link: 'Break-glass account',
    title: 'Log in with the break-glass account',
    lead: 'This account is for when nobody else can log in. Each use is reported.',
    password: 'Password',
    passwordHint: 'Six groups of four characters, with dashes between them. It is in the safe.',
    code: 'Code',
    codeHint: 'Six digits from the app. Each code works once.',
    button: 'Log in',
    refused: 'That did not work. Password or code is wrong, or the code was used. Wait for the next code.',
    proveTitle: 'Confirm with a new code',
    prove: 'Confirm',
    proveRefused: 'This code is wrong, or it was used already. Wait for the next code.',
  },
};
