"""Entries of the knowledge base (知识库)."""

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from fangxin.kernel.law import Cite
from fangxin.kernel.refs import Ref, ref


class Topic(models.TextChoices):
    """What an entry is about."""

    COMPLAINING = "complaining", pgettext_lazy("topic", "how to complain and report")  # 投诉举报须知
    RIGHTS = "rights", pgettext_lazy("topic", "rights of consumers")  # 消费者权益
    FOOD = "food", pgettext_lazy("topic", "food and drugs")  # 食品药品
    PRICE = "price", pgettext_lazy("topic", "prices and advertising")  # 价格广告
    ELSEWHERE = "elsewhere", pgettext_lazy("topic", "matters of other bodies")  # 其他部门职责


class EntryQuerySet(models.QuerySet["Entry"]):
    """Questions about entries."""

    def active(self) -> "EntryQuerySet":
        """In use."""
        return self.filter(active=True)


class Entry(models.Model):
    """A usual question with its answer, articles and, where another body is competent, that body (知识条目).

    What ships with the product comes from `data/entries.toml` and follows it until the bureau writes its own text (`edited`).
    `checked` says whether someone of the bureau, or the shipped file, stands by the articles; until then the page says so.
    """

    ref_kind = "entry"

    slug = models.CharField(_("short name"), max_length=60, unique=True)
    topic = models.CharField(_("topic"), max_length=16, choices=Topic)
    title = models.CharField(_("question"), max_length=120)
    title_en = models.CharField(_("question in English"), max_length=160, blank=True)
    answer = models.TextField(_("answer"), max_length=1500)
    words = models.CharField(_("search words"), max_length=300, blank=True)
    cites = models.CharField(_("articles"), max_length=300, blank=True)
    """Short forms of `kernel.law.Cite`, separated by blanks."""
    sources = models.CharField(_("other sources"), max_length=300, blank=True)
    """Texts that the register of instruments does not hold, as written."""
    body = models.CharField(_("competent body"), max_length=100, blank=True)
    phone = models.CharField(_("its telephone"), max_length=40, blank=True)
    checked = models.BooleanField(_("checked"), default=False)
    active = models.BooleanField(_("in use"), default=True)
    edited = models.BooleanField(_("the bureau's own text"), default=False, editable=False)
    updated_by = models.CharField(_("updated by"), max_length=64)
    updated_at = models.DateTimeField(_("updated at"))

    objects = EntryQuerySet.as_manager()

    class Meta:
        verbose_name = _("knowledge entry")
        verbose_name_plural = _("knowledge entries")
        ordering = ("topic", "slug")
        constraints = [
            models.CheckConstraint(condition=models.Q(topic__in=Topic.values), name="knowledge_topic_known"),
            models.CheckConstraint(condition=~models.Q(slug="") & ~models.Q(title="") & ~models.Q(answer=""), name="knowledge_entry_says"),
        ]
        indexes = [models.Index(fields=["active", "topic", "slug"], name="knowledge_shown")]

    def __str__(self) -> str:
        return self.title

    @property
    def ref(self) -> Ref:
        """`entry:7`."""
        return ref(self.ref_kind, self.pk)

    def name(self, language: str) -> str:
        """The question in the reader's language, Chinese where there is no other."""
        return self.title if language.startswith("zh") else self.title_en or self.title

    def basis(self, language: str) -> list[str]:
        """The articles and other sources, each as a document writes it."""
        return [Cite.parse(text).text(language) for text in self.cites.split()] + [one for one in self.sources.split("；") if one]
