"""Replies as the usual mail programs write them in many languages: what is new in them, and nothing else."""

# ruff: noqa: RUF001 - the letters are those of their languages

from __future__ import annotations

import pytest

from certification.inbound.quotes import without_quotes
from certification.inbound.reading import MailKind, read

REPLIES = {
    "gmail en": "Yes.\n\nOn Fri, Nov 27, 2026 at 10:00 AM Portal <portal@x.test> wrote:\n\n> Which harbour?\n",
    "gmail en folded": "Yes.\n\nOn Fri, Nov 27, 2026 at 10:00 AM Connector Certification Portal <\nportal@x.test> wrote:\n\n> Which harbour?\n",
    "gmail de": "Yes.\n\nAm Fr., 27. Nov. 2026 um 10:00 Uhr schrieb Portal <portal@x.test>:\n\n> Which harbour?\n",
    "apple de": "Yes.\n\n> Am 27.11.2026 um 10:00 schrieb Portal <portal@x.test>:\n> \n> Which harbour?\n",
    "thunderbird de": "Yes.\n\nAm 27.11.26 um 10:00 schrieb Portal:\n> Which harbour?\n",
    "gmail fr": "Yes.\n\nLe ven. 27 nov. 2026 à 10:00, Portal <portal@x.test> a écrit :\n\n> Which harbour?\n",
    "gmail es": "Yes.\n\nEl vie, 27 nov 2026 a las 10:00, Portal (<portal@x.test>) escribió:\n\n> Which harbour?\n",
    "gmail it": "Yes.\n\nIl giorno ven 27 nov 2026 alle ore 10:00 Portal <portal@x.test> ha scritto:\n\n> Which harbour?\n",
    "gmail pt": "Yes.\n\nEm sex., 27 de nov. de 2026 às 10:00, Portal <portal@x.test> escreveu:\n\n> Which harbour?\n",
    "gmail nl": "Yes.\n\nOp vr 27 nov 2026 om 10:00 schreef Portal <portal@x.test>:\n\n> Which harbour?\n",
    "gmail sv": "Yes.\n\nDen fre 27 nov. 2026 kl 10:00 skrev Portal <portal@x.test>:\n\n> Which harbour?\n",
    "gmail da": "Yes.\n\nDen fre. 27. nov. 2026 kl. 10.00 skrev Portal <portal@x.test>:\n\n> Which harbour?\n",
    "gmail no": "Yes.\n\nfre. 27. nov. 2026 kl. 10:00 skrev Portal <portal@x.test>:\n\n> Which harbour?\n",
    "gmail pl": "Yes.\n\npt., 27 lis 2026 o 10:00 Portal <portal@x.test> napisał(a):\n\n> Which harbour?\n",
    "gmail cs": "Yes.\n\npá 27. 11. 2026 v 10:00 odesílatel Portal <portal@x.test> napsal:\n\n> Which harbour?\n",
    "gmail ja": "Yes.\n\n2026年11月27日(金) 10:00 Portal <portal@x.test>:\n\n> Which harbour?\n",
    "gmail zh": "Yes.\n\nPortal <portal@x.test> 于2026年11月27日周五 10:00写道：\n\n> Which harbour?\n",
    "gmail ru": "Yes.\n\nпт, 27 нояб. 2026 г. в 10:00, Portal <portal@x.test>:\n\n> Which harbour?\n",
    "gmail tr": "Yes.\n\nPortal <portal@x.test>, 27 Kas 2026 Cum, 10:00 tarihinde şunu yazdı:\n\n> Which harbour?\n",
    "outlook en": "Yes.\n\n________________________________\nFrom: Portal <portal@x.test>\nSent: Friday, November 27, 2026 10:00 AM\nTo: Dev <dev@x.test>\nSubject: Question\n\nWhich harbour?\n",
    "outlook en no line": "Yes.\n\nFrom: Portal <portal@x.test>\nSent: Friday, November 27, 2026 10:00 AM\nTo: Dev <dev@x.test>\nSubject: Question\n\nWhich harbour?\n",
    "outlook de": "Yes.\n\n________________________________\nVon: Portal <portal@x.test>\nGesendet: Freitag, 27. November 2026 10:00\nAn: Dev <dev@x.test>\nBetreff: Question\n\nWhich harbour?\n",
    "outlook de no line": "Yes.\n\nVon: Portal <portal@x.test>\nGesendet: Freitag, 27. November 2026 10:00\nAn: Dev <dev@x.test>\nBetreff: Question\n\nWhich harbour?\n",
    "outlook fr": "Yes.\n\nDe : Portal <portal@x.test>\nEnvoyé : vendredi 27 novembre 2026 10:00\nÀ : Dev <dev@x.test>\nObjet : Question\n\nWhich harbour?\n",
    "outlook es": "Yes.\n\nDe: Portal <portal@x.test>\nEnviado: viernes, 27 de noviembre de 2026 10:00\nPara: Dev <dev@x.test>\nAsunto: Question\n\nWhich harbour?\n",
    "outlook pt": "Yes.\n\nDe: Portal <portal@x.test>\nEnviada em: sexta-feira, 27 de novembro de 2026 10:00\nPara: Dev <dev@x.test>\nAssunto: Question\n\nWhich harbour?\n",
    "outlook original": "Yes.\n\n-----Original Message-----\nFrom: Portal\n\nWhich harbour?\n",
    "outlook ursprüngliche": "Yes.\n\n-----Ursprüngliche Nachricht-----\nVon: Portal\n\nWhich harbour?\n",
    "iphone sig": "Yes.\n\nSent from my iPhone\n\n> On 27 Nov 2026, at 10:00, Portal <portal@x.test> wrote:\n> \n> Which harbour?\n",
    "iphone sig de": "Yes.\n\nVon meinem iPhone gesendet\n\n> Am 27.11.2026 um 10:00 schrieb Portal <portal@x.test>:\n> \n> Which harbour?\n",
    "outlook mobile": "Yes.\n\nGet Outlook for iOS<https://aka.ms/o0ukef>\n________________________________\nFrom: Portal <portal@x.test>\nSent: Friday\nTo: Dev\nSubject: Q\n\nWhich harbour?\n",
    "protonmail": "Yes.\n\nSent with Proton Mail secure email.\n\nOn Friday, November 27th, 2026 at 10:00, Portal <portal@x.test> wrote:\n\n> Which harbour?\n",
    "yahoo": "Yes.\n\n On Friday, November 27, 2026 at 10:00:00 AM GMT+1, Portal <portal@x.test> wrote:  \n \n Which harbour?\n",
}
AUTOMATIC = (
    "Réponse automatique : Re", "Automatisch antwoord: x", "Respuesta automática: x", "Risposta automatica: x",
    "Autosvar: x", "Abwesenheitsnotiz: x", "Resposta automática: x", "自動応答: x", "Out of Office: x",
    "Automatic reply: x", "Automaattinen vastaus: x", "Odpowiedź automatyczna: x", "自动答复: x", "Автоответ: x",
    "Automatisk svar: x", "Fuera de la oficina: x", "Absence du bureau : x", "Otomatik yanıt: x",
)  # fmt: skip
OURS = {
    "a list of facts": "The sandbox:\n\nHost: api.harbour.example\nUser: dev@harbour.example\nYear: 2026\nRegion: north",
    "words between quotes": "> Which harbour?\n\nThe old one.\n\n> And which pier?\n\nThe second.",
    "a sentence that announces": "Run this at 10:00:\n\ncurl https://api.harbour.example/tides",
    "a rule": "First.\n\n-----\n\nSecond.",
    "a phone that matters": "Which one?\n\nThe Samsung of the sandbox has no yahoo account.",
    "one line": "Sent from my iPhone",
}


@pytest.mark.parametrize("reply", REPLIES.values(), ids=REPLIES)
def test_only_what_is_new_is_taken(reply):
    assert without_quotes(reply) == "Yes."
    assert without_quotes(reply.replace("\n", "\r\n")) == "Yes."


@pytest.mark.parametrize("text", OURS.values(), ids=OURS)
def test_what_only_looks_like_a_quote_stays(text):
    assert without_quotes(text) == text


@pytest.mark.parametrize("subject", AUTOMATIC)
def test_absences_are_known_by_their_subject_too(subject):
    raw = (
        f"From: Dev <dev@harbour.example>\nSubject: {subject}\nMessage-ID: <1@harbour.example>\n\nI am away."
    )
    assert read(raw.encode(), envelope_sender="dev@harbour.example").kind == MailKind.AUTOMATIC


@pytest.mark.parametrize(
    "subject", ["Re: Automatic retries of the harbour", "Re: Question", "Autostart fails"]
)
def test_a_person_may_write_about_machines(subject):
    raw = f"From: Dev <dev@harbour.example>\nSubject: {subject}\nMessage-ID: <1@harbour.example>\n\nYes."
    assert read(raw.encode(), envelope_sender="dev@harbour.example").kind == MailKind.PERSON
