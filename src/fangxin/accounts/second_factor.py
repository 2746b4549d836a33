"""One-time codes (TOTP, RFC 6238) and recovery codes. The secret is sealed in the vault; no code counts twice."""

import base64
import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime

import pyotp
import segno
from django.db import transaction

from fangxin.kernel import journal, vault
from fangxin.kernel.errors import BadInput, IllegalStep
from fangxin.kernel.refs import Ref

from .events import SecondFactorConfirmed, SecondFactorRemoved
from .models import Person, RecoveryCode, SecondFactor

ISSUER = "Fangxin"
STEP_SECONDS = 30
RECOVERY_CODES = 10
PLACE = vault.place_of(SecondFactor, "sealed")


@dataclass(frozen=True, slots=True)
class Enrolment:
    """What an authenticator app needs, once: as picture (inline SVG) and to type in."""

    secret: str
    svg: str


def has_second_factor(person: Person) -> bool:
    """Whether the person must give a code at sign-in."""
    return SecondFactor.objects.filter(person=person, confirmed_at__isnull=False).exists()


def enrol_second_factor(person: Person) -> Enrolment:
    """Make a new secret and show it, this one time; it does not count until `confirm_second_factor`.

    Raises IllegalStep if the person already has a second factor.
    """
    if has_second_factor(person):
        raise IllegalStep("accounts.second_factor_exists", "You already use a second factor.")
    secret = pyotp.random_base32()
    sealed = vault.seal("system", PLACE, person.pk, {"secret": secret})
    SecondFactor.objects.update_or_create(person=person, defaults={"sealed": sealed, "confirmed_at": None, "last_step": 0})
    uri = pyotp.TOTP(secret).provisioning_uri(name=person.login, issuer_name=ISSUER)
    svg = segno.make(uri, error="m").svg_inline(scale=5, border=2, svgclass="fx-qr", lineclass=None, omitsize=True, unit=None)
    return Enrolment(" ".join(secret[i : i + 4] for i in range(0, len(secret), 4)), svg)


def confirm_second_factor(person: Person, code: str, *, at: datetime) -> tuple[str, ...]:
    """Switch the second factor on with a first code; answers ten recovery codes, which are shown this one time.

    Ends the person's other sessions. Raises BadInput for a wrong code, IllegalStep if nothing waits for one.
    """
    if not SecondFactor.objects.filter(person=person, confirmed_at__isnull=True).exists():
        raise IllegalStep("accounts.second_factor_not_enrolled", "Begin with a new second factor first.")
    step = _step_of(person, code, at=at)
    if step is None:
        raise BadInput("accounts.code_wrong", "This code is not right. Use the newest one, and check the clock of your telephone.")
    codes = tuple(_recovery_code() for _ in range(RECOVERY_CODES))
    with journal.atomic():
        SecondFactor.objects.filter(person=person).update(confirmed_at=at, last_step=step)
        RecoveryCode.objects.filter(person=person).delete()
        RecoveryCode.objects.bulk_create([RecoveryCode(person=person, digest=_digest(one)) for one in codes])
        _end_sessions(person)
        journal.publish([SecondFactorConfirmed(subject=person.ref, actor=person.ref, at=at)])
    return codes


def remove_second_factor(person: Person, *, by: Ref, at: datetime) -> None:
    """Switch the second factor off and forget its secret and recovery codes; ends the person's other sessions."""
    with journal.atomic():
        RecoveryCode.objects.filter(person=person).delete()
        deleted, _ = SecondFactor.objects.filter(person=person).delete()
        if deleted:
            _end_sessions(person)
            journal.publish([SecondFactorRemoved(subject=person.ref, actor=by, at=at)])


def use_code(person: Person, code: str, *, at: datetime) -> str:
    """Spend a code: "code" for one of the generator, "recovery" for a recovery code, "" for one that is wrong or already spent."""
    step = _step_of(person, code, at=at)
    if step is not None:
        spent = SecondFactor.objects.filter(person=person, confirmed_at__isnull=False, last_step__lt=step).update(last_step=step)
        return "code" if spent else ""
    used = RecoveryCode.objects.unused(person).filter(digest=_digest(code)).update(used_at=at)
    return "recovery" if used else ""


def _step_of(person: Person, code: str, *, at: datetime) -> int | None:
    """The step, within one of now and after the last one used, that this code belongs to."""
    digits = "".join(code.split())
    if len(digits) != 6 or not digits.isascii() or not digits.isdigit():
        return None
    factor = SecondFactor.objects.filter(person=person).first()
    if factor is None:
        return None
    sealed = vault.Sealed("system", PLACE, person.pk, bytes(factor.sealed))
    plain = vault.reveal(sealed, fields=("secret",), subject=person.ref, purpose="second factor", actor=person.ref, at=at)
    generator = pyotp.TOTP(plain["secret"])
    now = int(at.timestamp()) // STEP_SECONDS
    fitting = [step for step in (now - 1, now, now + 1) if secrets.compare_digest(generator.generate_otp(step), digits)]
    return next((step for step in fitting if step > factor.last_step), None)


@transaction.atomic
def _end_sessions(person: Person) -> None:
    """Raise the epoch that all sessions are signed with."""
    person.session_epoch = Person.objects.select_for_update().get(pk=person.pk).session_epoch + 1
    person.save(update_fields=["session_epoch"])


def _recovery_code() -> str:
    text = base64.b32encode(secrets.token_bytes(10)).decode().lower()
    return "-".join(text[i : i + 4] for i in range(0, 16, 4))


def _digest(code: str) -> str:
    plain = "".join(sign for sign in code.lower() if sign.isalnum())
    return hashlib.sha256(plain.encode()).hexdigest()
