import smtplib, ssl
from email.message import EmailMessage
from email.policy import SMTP

mail = EmailMessage(policy=SMTP)
mail["From"], mail["To"], mail["Subject"] = "assistente@de-brug.example", "lab@noord.example", "Uitslag"
mail.set_content("Zie bijlage")
with open("uitslag.edi", "rb") as file:
    mail.add_attachment(file.read(), maintype="application", subtype="EDIFACT", filename="uitslag.edi")

with smtplib.SMTP_SSL("mail.example.nl", 465, timeout=600, context=ssl.create_default_context(cafile="ca.pem")) as smtp:
    smtp.login("assistente@de-brug.example", "giraf-bloempot")
    # sendmail, not send_message: that one changes lines that begin with "From ".
    smtp.sendmail(mail["From"], [mail["To"]], mail.as_bytes())
