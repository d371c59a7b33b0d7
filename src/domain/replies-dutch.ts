/**
 * What practices read of us in their mail program, in Dutch: behind the English of the same row, in
 * one line (`spoken`).
 *
 * By the name of the row. Only refusals that a mail program shows to a person stand here; what only
 * a vendor meets stays English. A test holds the values to those of the row, and every line to its
 * length.
 */
export const dutchReplies: Readonly<Record<string, string>> = {
  // Login and connection.
  loginRefused: 'Inloggen is niet gelukt: de gebruikersnaam of het wachtwoord klopt niet, of het account is opgeschort',
  // Also said while a wait runs after wrong passwords: that nothing is wrong with the password
  // would be untrue then.
  loginBusy: 'Uw wachtwoord kan nu niet worden gecontroleerd; probeer het over een paar minuten opnieuw',
  loginUnknown: 'Inloggen lukt nu niet, dat ligt niet aan uw wachtwoord; probeer het over een paar minuten opnieuw',
  noCertificate:
    'Inloggen is niet gelukt: het mailprogramma toonde geen certificaat; kies er een, of log in met een wachtwoord',
  certificateRefused: 'Met dit certificaat kunt u niet inloggen; de helpdesk kan zien waarom',
  certificateEnded: 'Dit certificaat wordt niet meer geaccepteerd; bel de helpdesk',
  needLogin: 'Log eerst in; zet in het mailprogramma verificatie aan',
  needTls: 'Zet in het mailprogramma een beveiligde verbinding aan (STARTTLS of TLS)',
  needTlsForMail: 'Zet in het mailprogramma een beveiligde verbinding (STARTTLS of TLS) en verificatie aan',
  tooManyLogins: 'Inloggen is te vaak mislukt; controleer gebruikersnaam en wachtwoord en probeer het later opnieuw',
  accountEnded: 'Dit account mag niet meer inloggen; bel de helpdesk',
  passwordEnded: 'Het wachtwoord is vervangen of ingetrokken; log opnieuw in',
  accountConnections: 'Dit account heeft te veel verbindingen; sluit een mailprogramma en probeer het opnieuw',
  tooManyConnections: 'Er zijn te veel verbindingen; probeer het later opnieuw',
  tooManyOfNetwork: 'Er zijn te veel verbindingen vanuit uw netwerk; probeer het later opnieuw',
  tooManyOfAccount: 'Dit account heeft te veel verbindingen; sluit een mailprogramma en probeer het opnieuw',
  notForNetwork: 'Deze poort is niet voor uw netwerk; gebruik de poort die u van de helpdesk hebt gekregen',
  shuttingDown: 'De server wordt gestopt; probeer het over een paar minuten opnieuw',
  stopping: 'De server wordt gestopt; probeer het over een paar minuten opnieuw',
  killed: 'De helpdesk heeft deze verbinding verbroken; bel de helpdesk',
  slowData: 'Het bericht kwam te langzaam binnen en is niet verzonden; verzend het opnieuw',
  storeAway: 'Er is een storing, dat ligt niet aan uw bericht; probeer het over een paar minuten opnieuw',
  internal: 'Er ging bij ons iets mis, er is niets verzonden; probeer het later opnieuw',
  noRecipient: 'Geen van de ontvangers is geaccepteerd, dus is er niets verzonden',
  // Addressees.
  notRegistered: '{address} is niet aangesloten; controleer het adres',
  succeeded: '{address} bestaat niet meer; gebruik {successor}',
  suspended: '{address} is opgeschort; bel de ontvanger of de helpdesk',
  partnerRefuses: 'De mailserver van {address} neemt nu geen berichten aan; bel de ontvanger of de helpdesk',
  tooLargeDeclared: '{address} ontvangt berichten tot {limit}; verdeel de bijlagen over meer berichten',
  quotaFull: 'De postbus van {address} is vol; vraag de ontvanger de mail op te halen en probeer het daarna opnieuw',
  mailboxFull: 'De postbus van een ontvanger is vol; probeer het later opnieuw',
  away: '{address} is afwezig tot en met {last} en ontvangt geen berichten; verzend het daarna opnieuw',
  awaySubstitute: '{address} is afwezig tot en met {last}; stuur het naar {substitute}',
  recipientGone: 'Een ontvanger is niet meer aangesloten en er is niets verzonden; stuur het opnieuw aan de anderen',
  recipientSyntax: 'Het adres van de ontvanger klopt niet; het moet de vorm naam@domein hebben',
  recipientNeedsUtf8: 'Dit adres bevat tekens die uw mailprogramma niet kan versturen; bel de helpdesk',
  // Senders and limits.
  foreignSender: 'Het afzenderadres hoort niet bij dit account; gebruik uw eigen adres',
  senderSyntax: 'Het afzenderadres klopt niet; het moet de vorm naam@domein hebben',
  nameLies: 'In de naam bij {name} staat een adres dat niet van u is; vul daar alleen een naam in',
  accountClosed: 'Dit account mag niet meer verzenden; bel de helpdesk',
  accountMoved: 'Dit account is zojuist naar een andere organisatie verplaatst; log in en verzend het opnieuw',
  loginEnded: 'U bent niet meer ingelogd; log opnieuw in',
  registryChanges: 'Er worden accounts gewijzigd; probeer het over een paar minuten opnieuw',
  tooManyMessages: 'Dit account heeft voor dit uur het maximale aantal berichten verzonden; probeer het later opnieuw',
  tooManyRecipientsHour:
    'Dit account heeft voor dit uur het maximale aantal ontvangers bereikt; probeer het later opnieuw',
  tooManyUnknown:
    'In dit uur waren er te veel onbekende ontvangers; controleer de adressen en probeer het later opnieuw',
  tooManyOctets: 'Dit account heeft voor dit uur de maximale hoeveelheid verzonden; probeer het later opnieuw',
  tooLarge: 'Het bericht is groter dan {limit}; bijlagen mogen samen ongeveer {attachment} MB zijn',
  tooLargeFor: 'Het bericht is te groot voor een ontvanger ({limit}) en niet verzonden; stuur het apart aan de anderen',
  storageFull: 'Er is geen ruimte om het bericht op te slaan; probeer het later opnieuw',
  storageFailed: 'Het bericht kon niet worden opgeslagen; probeer het later opnieuw',
  // Malware, protection, interchanges.
  malware: 'Er zit malware in het bericht ({name}) en het is geweigerd; laat de computer nakijken, of bel de helpdesk',
  tooLargeToScan:
    'Het bericht is te groot om op malware te controleren en is geweigerd; stuur het in delen of zonder zip-bestand',
  encryptedUnscanned:
    'Het bericht is versleuteld en kan niet op malware worden gecontroleerd; stuur het zonder versleuteling, deze server versleutelt het',
  scannerAway: 'Er kan nu niet op malware worden gecontroleerd; probeer het later opnieuw',
  scannerBusy: 'Er kan nu niet op malware worden gecontroleerd; probeer het later opnieuw',
  encryptionImpossible:
    '{address} neemt alleen versleutelde berichten aan, en versleutelen kan niet; bel de ontvanger of de helpdesk',
  encryptionUndecided:
    '{address} neemt alleen versleutelde berichten aan, en versleutelen kan nu niet; probeer het later opnieuw',
  pgpEncryptionImpossible:
    '{address} neemt alleen versleutelde berichten aan, en versleutelen kan niet; bel de ontvanger of de helpdesk',
  signingImpossible: 'Het bericht moet worden ondertekend, maar er is geen geldig certificaat; bel de helpdesk',
  pgpSigningImpossible: 'Het bericht moet worden ondertekend, maar er is geen geldige sleutel; bel de helpdesk',
  gatewayKeyMissing:
    'Het bericht moet worden versleuteld, en dat kan nu niet; probeer het later opnieuw, of bel de helpdesk',
  noProtectionKey: 'Het bericht moet worden beveiligd, en dat kan nu niet; probeer het later opnieuw',
  protectedTooLarge:
    'Met versleuteling is het bericht groter dan {address} kan ontvangen ({limit}); verdeel de bijlagen over meer berichten',
  tooManyCopies: 'Het bericht is aan te veel ontvangers tegelijk gericht; verstuur het aan minder ontvangers',
  pgpBusy: 'Het is nu te druk om berichten te beveiligen; probeer het later opnieuw',
  busy: 'Het is nu te druk om berichten te beveiligen; probeer het later opnieuw',
  testTooMany: 'Dit account heeft voor dit uur het maximale aantal testrapporten gekregen; probeer het later opnieuw',
  testOff: 'Dit account mag het testadres niet gebruiken; bel de helpdesk',
  // Collecting.
  inUse:
    'De postbus is al geopend, op een andere computer of in een ander programma; probeer het over een minuut opnieuw',
  takenOver: 'Een andere verbinding heeft de postbus geopend; er is niets verwijderd, haal opnieuw op',
  damaged: 'Dit bericht is beschadigd en wordt niet uitgeleverd; de helpdesk is gewaarschuwd',
  failed: 'Er is een storing, er is niets verwijderd; probeer het later opnieuw',
  unknown: 'Het is niet bekend of de berichten zijn verwijderd; haal opnieuw op en controleer het',
};
