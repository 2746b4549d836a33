"""Offices (机构), people (人员), their roles (角色), and what their sign-in needs."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.db import models
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext_lazy as _

from fangxin.kernel.refs import Ref, ref
from fangxin.kernel.vault import Purpose, vaulted


class OfficeKind(models.TextChoices):
    """What an office is in the system of market supervision."""

    CITY_AMR = "city_amr", _("city bureau")  # 市级市场监督管理局
    COUNTY_AMR = "county_amr", _("county bureau")  # 县级市场监督管理局
    LOCAL_AMR = "local_amr", _("bureau of a development zone")  # 高新区、经开区等功能区市场监督管理局
    TOWNSHIP_OFFICE = "township_office", _("township office")  # 市场监督管理所
    ASSOCIATION = "association", _("consumer association")  # 消费者协会
    STATION = "station", _("consumer service station")  # 消费维权服务站


COMPETENT_KINDS = frozenset({OfficeKind.CITY_AMR, OfficeKind.COUNTY_AMR, OfficeKind.LOCAL_AMR})
"""Bureaus that are competent in their own name (Order 121 Art 13); a development zone's bureau acts at county level."""

DISPATCH_KINDS = COMPETENT_KINDS | {OfficeKind.TOWNSHIP_OFFICE}
"""Offices that the desk may send a case to (分送); an association or a station gets one only by delegation, with consent (Art 19)."""


class OfficeQuerySet(models.QuerySet["Office"]):
    """Questions about offices."""

    def active(self) -> "OfficeQuerySet":
        """Offices that work today."""
        return self.filter(active=True)

    def dispatchable(self) -> "OfficeQuerySet":
        """Active offices that a case may be dispatched to."""
        return self.filter(active=True, kind__in=DISPATCH_KINDS)

    def subtree(self, office: "Office") -> "OfficeQuerySet":
        """The office and all below it."""
        return self.filter(path__startswith=office.path)

    def below(self, paths: Iterable[str]) -> "OfficeQuerySet":
        """The subtrees of all these paths; none for no path."""
        condition = models.Q(pk__in=())
        for path in paths:
            condition |= models.Q(path__startswith=path)
        return self.filter(condition)


class Office(models.Model):
    """An office (机构) in the tree of the city: bureau, township office, association, station.

    `path` holds the codes from the root to this office, each followed by a slash ("370800/370811/"), so that a subtree is a
    prefix. `path` and `competent` are derived; only `services.load_offices` writes them.
    """

    code = models.CharField(_("code"), max_length=24, unique=True)
    name = models.CharField(_("name"), max_length=80)
    kind = models.CharField(_("kind"), max_length=16, choices=OfficeKind)
    parent = models.ForeignKey("self", on_delete=models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("parent"))
    path = models.CharField(_("path"), max_length=200, unique=True, editable=False)
    competent = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, blank=True, editable=False, related_name="+", verbose_name=_("competent bureau")
    )
    """The nearest bureau at or above this office: a township office is part of its county bureau (派出机构)."""
    division_code = models.CharField(_("division code"), max_length=12, blank=True)
    active = models.BooleanField(_("active"), default=True)

    objects = OfficeQuerySet.as_manager()

    class Meta:
        verbose_name = _("office")
        verbose_name_plural = _("offices")
        ordering = ("path",)
        constraints = [
            models.CheckConstraint(condition=models.Q(kind__in=OfficeKind.values), name="accounts_office_kind_known"),
            models.CheckConstraint(condition=~models.Q(code="") & ~models.Q(code__contains="/"), name="accounts_office_code_plain"),
            models.CheckConstraint(condition=models.Q(path__endswith="/"), name="accounts_office_path_ends"),
            models.CheckConstraint(condition=~models.Q(parent=models.F("id")), name="accounts_office_not_own_parent"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def ref(self) -> Ref:
        """`office:17`."""
        return ref("office", self.pk)

    def within(self, path: str) -> bool:
        """Whether this office stands in the subtree of that path."""
        return self.path.startswith(path)


class Role(models.TextChoices):
    """What a person does (角色), within the subtree of the office that the role is given for."""

    CITY_DESK = "city_desk", _("city desk")  # 分送员
    OFFICER = "officer", _("officer")  # 经办人
    MEDIATOR = "mediator", _("mediator")  # 调解员
    SUPERVISOR = "supervisor", _("supervisor")  # 督办
    PUBLISHER = "publisher", _("publisher")  # 公示审核
    EVALUATOR = "evaluator", _("evaluator")  # 考评
    AUDITOR = "auditor", _("auditor")  # 审计
    ADMINISTRATOR = "administrator", _("administrator")  # 管理员


@dataclass(frozen=True, slots=True)
class Grant:
    """One role over one subtree of offices."""

    role: Role
    path: str


class PersonManager(BaseUserManager["Person"]):
    """Looks people up by login; people are made by `services.load_people`."""

    def active(self) -> "models.QuerySet[Person]":
        """People who may sign in."""
        return self.filter(active=True)

    def holding(self, role: Role, office: Office | None = None) -> "models.QuerySet[Person]":
        """Active people with this role; with an office, those whose role covers it."""
        found = Assignment.objects.filter(role=role)
        if office is not None:
            codes = office.path.rstrip("/").split("/")
            found = found.filter(office__code__in=codes)
        return self.active().filter(pk__in=found.values("person_id"))


class Person(AbstractBaseUser):
    """A member of staff (人员) who signs in.

    `session_epoch` is part of what every session is signed with: raising it ends all sessions of the person.
    """

    kind = "person"

    login = models.CharField(_("login"), max_length=40, unique=True)
    name = models.CharField(_("name"), max_length=60)
    office = models.ForeignKey(Office, on_delete=models.PROTECT, related_name="+", verbose_name=_("office"))
    active = models.BooleanField(_("active"), default=True)
    must_change_password = models.BooleanField(_("must change the password"), default=True, editable=False)
    session_epoch = models.PositiveIntegerField(_("session epoch"), default=0, editable=False)

    objects: ClassVar[PersonManager] = PersonManager()

    USERNAME_FIELD = "login"
    REQUIRED_FIELDS: ClassVar[list[str]] = ["name"]

    class Meta:
        verbose_name = _("person")
        verbose_name_plural = _("people")
        ordering = ("login",)
        constraints = [models.CheckConstraint(condition=~models.Q(login=""), name="accounts_person_login_given")]

    def __str__(self) -> str:
        return self.name

    @property
    def ref(self) -> Ref:
        """`person:7`."""
        return ref("person", self.pk)

    @property
    def is_active(self) -> bool:  # type: ignore[override]  # Django's flag is an attribute; ours is the column `active`
        """Django's name for `active`."""
        return self.active

    def get_session_auth_hash(self) -> str:
        """Ends sessions when the password changes or the epoch is raised."""
        return self._session_hash(None)

    def get_session_auth_fallback_hash(self) -> Iterable[str]:
        """The same under earlier secrets, so that changing the service's secret ends no session."""
        from django.conf import settings  # noqa: PLC0415 -- as Django's own base class: models load before settings are needed

        for secret in settings.SECRET_KEY_FALLBACKS:
            yield self._session_hash(secret)

    def _session_hash(self, secret: str | bytes | None) -> str:
        value = f"{self.session_epoch}:{self.password}"
        return salted_hmac("fangxin.accounts.session", value, secret=secret, algorithm="sha256").hexdigest()

    @cached_property
    def grants(self) -> frozenset[Grant]:
        """All roles with their subtrees; one query in the life of this object, so one a request."""
        rows = Assignment.objects.filter(person_id=self.pk).values_list("role", "office__path")
        return frozenset(Grant(Role(role), path) for role, path in rows)

    def roles(self) -> frozenset[Role]:
        """The roles that the person has anywhere."""
        return frozenset(grant.role for grant in self.grants)

    def has_role(self, role: Role, office: Office | None = None) -> bool:
        """Whether the person has the role: for this office (at it or above it), or anywhere if none is named."""
        return any(grant.role == role and (office is None or office.within(grant.path)) for grant in self.grants)

    def paths(self, *roles: Role) -> tuple[str, ...]:
        """Paths of the subtrees where the person has any of these roles, outermost only, in order."""
        kept: list[str] = []
        for path in sorted({grant.path for grant in self.grants if grant.role in roles}):
            if not kept or not path.startswith(kept[-1]):
                kept.append(path)
        return tuple(kept)

    def offices(self, *roles: Role) -> OfficeQuerySet:
        """The offices where the person has any of these roles, as a query that others can filter with."""
        return Office.objects.below(self.paths(*roles))


class AssignmentQuerySet(models.QuerySet["Assignment"]):
    """Questions about roles."""

    def held_by(self, person: Person) -> "AssignmentQuerySet":
        """The person's roles with their offices, in the order of both."""
        return self.filter(person=person).select_related("office").order_by("role", "office__path")


class Assignment(models.Model):
    """A person has a role for an office and all below it; for the whole city it is given at the root."""

    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+", verbose_name=_("person"))
    role = models.CharField(_("role"), max_length=16, choices=Role)
    office = models.ForeignKey(Office, on_delete=models.PROTECT, related_name="+", verbose_name=_("office"))

    objects = AssignmentQuerySet.as_manager()

    class Meta:
        verbose_name = _("assignment")
        verbose_name_plural = _("assignments")
        constraints = [
            models.UniqueConstraint(fields=("person", "role", "office"), name="accounts_assignment_once"),
            models.CheckConstraint(condition=models.Q(role__in=Role.values), name="accounts_assignment_role_known"),
        ]

    def __str__(self) -> str:
        return f"{self.person_id} {self.role} {self.office_id}"


class SecondFactor(models.Model):
    """A person's one-time-password generator (TOTP, RFC 6238). It counts only once it is confirmed with a code."""

    person = models.OneToOneField(Person, on_delete=models.PROTECT, primary_key=True, related_name="+", verbose_name=_("person"))
    sealed = models.BinaryField(_("sealed secret"))
    confirmed_at = models.DateTimeField(_("confirmed at"), null=True)
    last_step = models.BigIntegerField(_("last used step"), default=0)
    """Number of the 30-second step of the last code that was accepted; a code of this step or before is a replay."""

    class Meta:
        verbose_name = _("second factor")
        verbose_name_plural = _("second factors")

    def __str__(self) -> str:
        return str(self.person_id)


class RecoveryCodeQuerySet(models.QuerySet["RecoveryCode"]):
    """Questions about recovery codes."""

    def unused(self, person: Person) -> "RecoveryCodeQuerySet":
        """The codes that still let the person in."""
        return self.filter(person=person, used_at__isnull=True)


class RecoveryCode(models.Model):
    """A code for the day the telephone is lost: good once, kept as SHA-256 only (it has 80 random bits)."""

    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+", verbose_name=_("person"))
    digest = models.CharField(_("digest"), max_length=64)
    used_at = models.DateTimeField(_("used at"), null=True)

    objects = RecoveryCodeQuerySet.as_manager()

    class Meta:
        verbose_name = _("recovery code")
        verbose_name_plural = _("recovery codes")
        constraints = [models.UniqueConstraint(fields=("person", "digest"), name="accounts_recovery_code_once")]

    def __str__(self) -> str:
        return str(self.person_id)


class TokenScope(models.TextChoices):
    """What a program may do with a token, within what its person may do."""

    READ = "read", _("read")
    WRITE = "write", _("read and write")


class ApiTokenQuerySet(models.QuerySet["ApiToken"]):
    """Questions about tokens."""

    def valid(self, now: datetime) -> "ApiTokenQuerySet":
        """Neither revoked nor expired, and its person may still sign in with a password of their own."""
        return self.filter(revoked_at__isnull=True, expires_at__gt=now, person__active=True, person__must_change_password=False)


class ApiToken(models.Model):
    """A secret by which a program speaks for a person (接口令牌): it may what the person may, at most, and less if it only reads.

    The secret has 256 random bits and is shown once; kept is its SHA-256.
    """

    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+", verbose_name=_("person"))
    name = models.CharField(_("name"), max_length=60)
    digest = models.CharField(_("digest"), max_length=64, unique=True, editable=False)
    scope = models.CharField(_("scope"), max_length=8, choices=TokenScope)
    created_at = models.DateTimeField(_("created at"))
    expires_at = models.DateTimeField(_("expires at"))
    last_used_at = models.DateTimeField(_("last used at"), null=True)
    revoked_at = models.DateTimeField(_("revoked at"), null=True)

    objects = ApiTokenQuerySet.as_manager()

    class Meta:
        verbose_name = _("access token")
        verbose_name_plural = _("access tokens")
        constraints = [
            models.CheckConstraint(condition=models.Q(scope__in=TokenScope.values), name="accounts_token_scope_known"),
            models.CheckConstraint(condition=models.Q(expires_at__gt=models.F("created_at")), name="accounts_token_expires_later"),
        ]

    def __str__(self) -> str:
        return f"{self.person_id} {self.name}"


class FailureCounter(models.Model):
    """Failed sign-ins under one key: a login from an address, a known device, or an address over all logins.

    `key` is a keyed hash: the table tells nobody which logins or addresses were tried.
    """

    key = models.CharField(_("key"), max_length=64, primary_key=True)
    failures = models.PositiveIntegerField(_("failures"), default=0)
    blocked_until = models.DateTimeField(_("blocked until"), null=True)
    last_at = models.DateTimeField(_("last failure at"), db_index=True)

    class Meta:
        verbose_name = _("failure counter")
        verbose_name_plural = _("failure counters")

    def __str__(self) -> str:
        return f"{self.key[:8]}: {self.failures}"


vaulted(SecondFactor, "sealed", Purpose.SYSTEM)
