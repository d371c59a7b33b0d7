/**
 * What practices read of us in their mail program, in Dutch: behind the English of the same row, in one line (`spoken`).
 *
 * By the name of the row. Only refusals that a mail program shows to a person stand here; what only a vendor meets stays English. A test holds
 * the values to those of the row, and every line to its length.
 */
export const dutchReplies: Readonly<Record<string, string>> = {
  // Log-in and connection.
  loginRefused: 'Inloggen is niet gelukt: de gebruikersnaam of het wachtwoord klopt niet, of het account is opgeschort',
  loginBusy: 'Inloggen lukt nu niet, uw wachtwoord is niet fout; probeer het zo opnieuw',
  loginUnknown: 'Inloggen lukt nu niet, er is niets mis met uw gegevens; probeer het zo opnieuw',
  noCertificate:
    'Inloggen is niet gelukt: het mailprogramma toonde geen certificaat; kies er een, of log in met een wachtwoord',
  certificateRefused: 'Inloggen met dit certificaat kan niet; de helpdesk kan zien waarom',
  certificateEnded: 'Dit certificaat wordt niet langer geaccepteerd; vraag de helpdesk',
  needLogin: 'Log eerst in; zet in het mailprogramma verificatie aan',
  needTls: 'Zet in het mailprogramma een beveiligde verbinding aan (STARTTLS of TLS)',
  needTlsForMail: 'Zet in het mailprogramma een beveiligde verbinding (STARTTLS of TLS) en verificatie aan',
  tooManyLogins: 'Te vaak mislukt; controleer gebruikersnaam en wachtwoord en probeer het later opnieuw',
  accountEnded: 'Dit account mag niet langer inloggen; vraag de helpdesk',
  passwordEnded: 'Het wachtwoord is vervangen of ingetrokken; log opnieuw in',
  accountConnections: 'Er zijn te veel verbindingen van dit account; sluit er enkele en probeer het opnieuw',
  tooManyConnections: 'Er zijn te veel verbindingen; probeer het later opnieuw',
  tooManyOfNetwork: 'Er zijn te veel verbindingen vanuit uw netwerk; probeer het later opnieuw',
  tooManyOfAccount: 'Er zijn te veel verbindingen van dit account; probeer het later opnieuw',
  notForNetwork: 'Deze poort is niet voor uw netwerk; gebruik de poort die de helpdesk noemde',
  shuttingDown: 'De server stopt; probeer het over enkele minuten opnieuw',
  stopping: 'De server stopt; probeer het over enkele minuten opnieuw',
  killed: 'Deze verbinding is met de hand verbroken; vraag de helpdesk',
  slowData: 'Het bericht kwam te langzaam binnen en is niet verzonden; verzend het opnieuw',
  storeAway: 'Er is een storing, met uw bericht is niets mis; probeer het zo opnieuw',
  internal: 'Er ging bij ons iets mis, er is niets verzonden; probeer het later opnieuw',
  noRecipient: 'Geen van de ontvangers is geaccepteerd, dus is er niets verzonden',
  // Addressees.
  notRegistered: '{address} is niet aangesloten; controleer het adres',
  succeeded: '{address} bestaat niet langer; gebruik {successor}',
  suspended: '{address} is opgeschort; vraag de ontvanger of de helpdesk',
  partnerRefuses: 'De mailserver van {address} neemt nu geen mail aan; vraag de ontvanger of de helpdesk',
  tooLargeDeclared: '{address} ontvangt berichten tot {limit}; verstuur minder in een bericht',
  quotaFull: 'De postbus van {address} is vol; bel de ontvanger, of probeer het later opnieuw',
  mailboxFull: 'De postbus van een ontvanger is vol; probeer het later opnieuw',
  away: '{address} is afwezig tot en met {last} en ontvangt geen mail; verzend daarna opnieuw',
  awaySubstitute: '{address} is afwezig tot en met {last}; stuur het naar {substitute}',
  recipientGone: 'Een ontvanger is niet langer aangesloten; stuur het opnieuw aan de anderen',
  recipientSyntax: 'Het adres van de ontvanger klopt niet; verwacht wordt naam@domein',
  recipientNeedsUtf8: 'Dit adres heeft letters die uw mailprogramma niet kan versturen; vraag de helpdesk',
  // Senders and limits.
  foreignSender: 'Het afzenderadres hoort niet bij dit account; gebruik uw eigen aangesloten adres',
  senderSyntax: 'Het afzenderadres klopt niet; verwacht wordt naam@domein',
  nameLies: 'In de naam bij {name} staat een adres dat niet van u is; zet daar een naam neer',
  accountClosed: 'Dit account mag niet langer verzenden; vraag de helpdesk',
  accountMoved: 'Dit account ging zojuist over naar een andere organisatie; log in en verzend opnieuw',
  loginEnded: 'U bent niet langer ingelogd; log opnieuw in',
  registryChanges: 'Er wordt iets aan de accounts veranderd; probeer het zo opnieuw',
  tooManyMessages: 'Dit account heeft dit uur zijn aantal berichten verzonden; probeer het later opnieuw',
  tooManyRecipientsHour: 'Dit account heeft dit uur zijn aantal ontvangers bereikt; probeer het later opnieuw',
  tooManyUnknown: 'Dit uur waren er te veel onbekende ontvangers; controleer de adressen en probeer het later opnieuw',
  tooManyOctets: 'Dit account heeft dit uur te veel verzonden; probeer het later opnieuw',
  tooLarge: 'Het bericht is groter dan {limit}; bijlagen mogen samen ongeveer {attachment} MB zijn',
  tooLargeFor: 'Het bericht is te groot voor een ontvanger ({limit}); er is niets verzonden, stuur het apart',
  storageFull: 'Er is nu geen ruimte om het bericht te bewaren; probeer het later opnieuw',
  storageFailed: 'Het bericht kon niet worden bewaard; probeer het later opnieuw',
  // Malware, protection, interchanges.
  malware: 'Er zit malware in het bericht ({name}), het is geweigerd; laat de computer nakijken, of vraag de helpdesk',
  tooLargeToScan:
    'Het bericht is te groot om op malware te controleren en is geweigerd; stuur het in delen of niet ingepakt',
  encryptedUnscanned:
    'Het bericht is versleuteld en kan niet op malware worden gecontroleerd; stuur het onversleuteld, wij beveiligen het',
  scannerAway: 'Er kan nu niet op malware worden gecontroleerd; probeer het later opnieuw',
  scannerBusy: 'Er kan nu niet op malware worden gecontroleerd; probeer het later opnieuw',
  encryptionImpossible:
    '{address} neemt alleen versleutelde berichten aan, en dat kan nu niet; vraag de ontvanger of de helpdesk',
  encryptionUndecided:
    '{address} neemt alleen versleutelde berichten aan, en dat kan nu niet; probeer het later opnieuw',
  pgpEncryptionImpossible:
    '{address} neemt alleen versleutelde berichten aan, en dat kan nu niet; vraag de ontvanger of de helpdesk',
  signingImpossible: 'Het bericht moet ondertekend worden, en daarvoor is geen geldig certificaat; vraag de helpdesk',
  pgpSigningImpossible: 'Het bericht moet ondertekend worden, en daarvoor is geen geldige sleutel; vraag de helpdesk',
  gatewayKeyMissing: 'Het bericht moet versleuteld worden, en dat kan nu niet; probeer het later, of vraag de helpdesk',
  noProtectionKey: 'Het bericht moet beveiligd worden, en dat kan nu niet; probeer het later opnieuw',
  protectedTooLarge: 'Beveiligd is het bericht groter dan {address} aanneemt ({limit}); verstuur minder in een bericht',
  tooManyCopies: 'Het bericht is aan te veel ontvangers tegelijk gericht; verstuur het aan minder',
  pgpBusy: 'Het is nu te druk om berichten te beveiligen; probeer het later opnieuw',
  busy: 'Het is nu te druk om berichten te beveiligen; probeer het later opnieuw',
  testTooMany: 'U kreeg dit uur al zo veel testrapporten als mag; probeer het later opnieuw',
  testOff: 'Het testadres is niet voor dit account; vraag de helpdesk',
  // Collecting.
  inUse:
    'De postbus is al geopend, op een andere computer of in een ander programma; probeer het na een minuut opnieuw',
  takenOver: 'Een andere verbinding heeft de postbus geopend; er is niets verwijderd, haal opnieuw op',
  damaged: 'Dit bericht is beschadigd en wordt achtergehouden; de helpdesk is gewaarschuwd',
  failed: 'Er is een storing, er is niets verwijderd; probeer het later opnieuw',
  unknown: 'Of dit is gelukt is niet bekend; haal opnieuw op en kijk',
};
