/** What every register says, in both languages. */
export const REGISTER = {
  nl: {
    filter: 'Filter',
    all: 'Alles tonen',
    next: 'Volgende',
    begin: 'Naar het begin',
    csv: 'Als CSV-bestand',
    first: 'Dit zijn de eerste. De rest staat in het overzicht.',
    wrong: 'Dat filter kan zo niet.',
  },
  en: {
    filter: 'Filter',
    all: 'Show all',
    next: 'Next',
    begin: 'To the beginning',
    csv: 'As a CSV file',
    first: 'These are the first. The rest is in the list.',
    wrong: 'That filter cannot be used.',
  },
};
