"""The list of periods says what the law says, version by version."""

from datetime import date

import pytest

from fangxin.clocks.terms import Layer, Unit, book, load, term
from fangxin.kernel.errors import BadInput, UnknownRule


def told(key: str, day: date) -> tuple[str, int, str, list[str]]:
    version = term(key).on(day)
    return version.id, version.amount, version.unit.value, [str(cite) for cite in version.cites]


@pytest.mark.parametrize(
    ("key", "day", "expected"),
    [
        ("local.dispatch", date(2026, 5, 1), ("L1@pledge2024", 2, "hours", ["local_pledge"])),
        ("local.answer", date(2026, 5, 1), ("L2@pledge2024", 24, "hours", ["local_pledge"])),
        ("local.cautious_acceptance", date(2026, 5, 1), ("C1u@project", 7, "workdays", ["project_rule"])),
        ("hotline.closing", date(2026, 5, 1), ("L3@shandong2020", 5, "workdays", ["hotline_shandong_2020"])),
        ("hotline.return", date(2026, 5, 1), ("L4@shandong2020", 2, "workdays", ["hotline_shandong_2020"])),
        ("complaint.acceptance", date(2026, 4, 14), ("C1@order20", 7, "workdays", ["order20:14"])),
        ("complaint.acceptance", date(2026, 4, 15), ("C1@order121", 7, "workdays", ["order121:15"])),
        ("complaint.identity_proof", date(2026, 4, 15), ("C2@order121", 0, "notice", ["order121:10.3"])),
        ("complaint.mediation", date(2024, 6, 30), ("C3@order20", 45, "workdays", ["order20:21(5)"])),
        ("complaint.mediation", date(2024, 7, 1), ("C3@regulation", 60, "days", ["crpl_regulation:46.3"])),
        ("complaint.mediation", date(2026, 4, 15), ("C3@order121", 60, "days", ["order121:23(5)", "crpl_regulation:46.3"])),
        ("complaint.termination_notice", date(2026, 4, 14), ("C4@order20", 7, "workdays", ["order20:21.2"])),
        ("complaint.termination_notice", date(2026, 4, 15), ("C4@order121", 7, "workdays", ["order121:23.2"])),
        ("complaint.clue_verification", date(2026, 4, 14), ("C5@order20", 15, "workdays", ["order20:23"])),
        ("complaint.clue_verification", date(2026, 4, 15), ("C5@order121", 15, "workdays", ["order121:27"])),
        ("jurisdiction.negotiation", date(2026, 4, 14), ("C6@order20", 7, "workdays", ["order20:30"])),
        ("jurisdiction.negotiation", date(2026, 4, 15), ("C6@order121", 7, "workdays", ["order121:33", "penalty_procedure:13"])),
        ("jurisdiction.designation", date(2026, 5, 1), ("C7@penalty_procedure", 7, "workdays", ["penalty_procedure:16"])),
        ("complaint.limitation", date(2026, 4, 14), ("C8@order20", 3, "years", ["order20:15(4)"])),
        ("complaint.limitation", date(2026, 4, 15), ("C8@order121", 3, "years", ["order121:16(4)"])),
        ("dispatch.prompt", date(2026, 4, 14), ("C9@order20", 0, "prompt", ["order20:37"])),
        ("dispatch.prompt", date(2026, 4, 15), ("C9@order121", 0, "prompt", ["order121:41"])),
        ("report.verification", date(2026, 4, 14), ("R1@penalty_procedure", 15, "workdays", ["penalty_procedure:18"])),
        ("report.verification", date(2026, 4, 15), ("R1@order121", 15, "workdays", ["penalty_procedure:18", "order121:35"])),
        ("report.decision_notice", date(2026, 4, 14), ("R2@order20", 5, "workdays", ["order20:31.2"])),
        ("report.advertising", date(2026, 5, 1), ("R3@advertising_law", 7, "workdays", ["advertising_law:53"])),
        (
            "report.unfair_competition_notice",
            date(2026, 5, 1),
            ("R4@unfair_competition_law_2025", 0, "prompt", ["unfair_competition_law_2025:20"]),
        ),
        ("report.food_transfer", date(2026, 5, 1), ("R5@food_safety_law", 0, "prompt", ["food_safety_law:115"])),
        ("odr.settlement", date(2026, 5, 1), ("O1@platform", 10, "workdays", ["platform_12315"])),
        ("recall.start.level1", date(2026, 11, 30), ("F13.1@order12", 24, "hours", ["recall_order12:13(1)"])),
        ("recall.start.level2", date(2026, 11, 30), ("F13.2@order12", 48, "hours", ["recall_order12:13(2)"])),
        ("recall.start.level3", date(2026, 11, 30), ("F13.3@order12", 72, "hours", ["recall_order12:13(3)"])),
        ("recall.start.level1", date(2026, 12, 1), ("F13.1@order122", 24, "hours", ["recall_order122:11.2"])),
        ("recall.start.level2", date(2026, 12, 1), ("F13.2@order122", 36, "hours", ["recall_order122:11.2"])),
        ("recall.start.level3", date(2026, 12, 1), ("F13.3@order122", 48, "hours", ["recall_order122:11.2"])),
        ("recall.completion.level1", date(2026, 11, 30), ("F14.1@order12", 10, "workdays", ["recall_order12:18.1"])),
        ("recall.completion.level2", date(2026, 11, 30), ("F14.2@order12", 20, "workdays", ["recall_order12:18.2"])),
        ("recall.completion.level3", date(2026, 11, 30), ("F14.3@order12", 30, "workdays", ["recall_order12:18.3"])),
        ("recall.completion.level1", date(2026, 12, 1), ("F14.1@order122", 10, "days", ["recall_order122:15.1"])),
        ("recall.completion.level2", date(2026, 12, 1), ("F14.2@order122", 20, "days", ["recall_order122:15.1"])),
        ("recall.completion.level3", date(2026, 12, 1), ("F14.3@order122", 30, "days", ["recall_order122:15.1"])),
    ],
)
def test_each_period_on_the_day(key, day, expected):
    assert told(key, day) == expected


def test_every_period_is_covered_by_the_table_above():
    asked = {mark.args[1][n][0] for mark in test_each_period_on_the_day.pytestmark for n in range(len(mark.args[1]))}

    assert asked == set(book().terms)


@pytest.mark.parametrize(
    ("key", "day"),
    [
        ("complaint.acceptance", date(2019, 12, 31)),
        ("complaint.identity_proof", date(2026, 4, 14)),
        ("report.decision_notice", date(2026, 4, 15)),
        ("local.dispatch", date(2024, 3, 11)),
        ("hotline.closing", date(2020, 1, 6)),
        ("report.unfair_competition_notice", date(2025, 10, 14)),
    ],
)
def test_a_period_that_was_not_in_force_fails_aloud_and_as_if_takes_the_nearest(key, day):
    with pytest.raises(UnknownRule):
        term(key).on(day)

    version = term(key).on(day, as_if=True)
    assert version in term(key).versions
    assert not version.covers(day)


def test_a_name_nobody_knows_fails_aloud():
    with pytest.raises(UnknownRule, match=r"no period complaint\.accepted"):
        term("complaint.accepted")
    with pytest.raises(UnknownRule, match="No period has a version C1@order1"):
        book().version("C1@order1")
    assert book().version("C1@order121") is term("complaint.acceptance").version("C1@order121")
    with pytest.raises(UnknownRule, match=r"no version R1@order121 of complaint\.acceptance"):
        term("complaint.acceptance").version("R1@order121")


def test_only_what_the_law_leaves_out_stops_the_count():
    rules = {version.id: {rule.kind: rule.stops for rule in version.pauses} for one in book().terms.values() for version in one.versions}

    assert {key: value for key, value in rules.items() if value} == {
        "C3@order20": {"testing": True, "recusal": False},
        "C3@regulation": {"testing": True, "recusal": False},
        "C3@order121": {"testing": True, "recusal": False},
        "C5@order121": {"testing": True, "identification": True},
        "R1@penalty_procedure": {"testing": True, "identification": True},
        "R1@order121": {"testing": True, "identification": True},
    }


def test_extensions_and_restarts():
    extensions = {
        v.id: v.extension and (v.extension.amount, v.extension.unit, v.extension.times) for t in book().terms.values() for v in t.versions
    }

    assert {key: value for key, value in extensions.items() if value and value[0]} == {
        "L3@shandong2020": (10, Unit.WORKDAYS, 1),
        "C5@order20": (15, Unit.WORKDAYS, 1),
        "C5@order121": (15, Unit.WORKDAYS, 1),
        "R1@penalty_procedure": (15, Unit.WORKDAYS, 1),
        "R1@order121": (15, Unit.WORKDAYS, 1),
    }
    assert {v.id: v.restarts for t in book().terms.values() for v in t.versions if v.restarts} == {"R1@order121": ("report.repeat",)}
    assert [str(cite) for cite in book().restarts["report.repeat"].cites] == ["order121:35"]


def test_promises_are_kept_apart_from_the_law():
    layers = {layer: sorted(key for key, one in book().terms.items() if one.layer is layer) for layer in Layer if layer is not Layer.LAW}

    assert layers == {
        Layer.LOCAL: ["local.answer", "local.cautious_acceptance", "local.dispatch"],
        Layer.HOTLINE: ["hotline.closing", "hotline.return"],
        Layer.PLATFORM: ["odr.settlement"],
    }


def test_what_is_not_well_known_says_so():
    assert {v.id: v.confidence for t in book().terms.values() for v in t.versions if v.confidence != "high"} == {
        "L2@pledge2024": "medium",
        "L3@shandong2020": "medium",
        "L4@shandong2020": "medium",
        "R1@penalty_procedure": "medium",
        "R4@unfair_competition_law_2025": "medium",
        "O1@platform": "low",
    }


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("[[term]\n", "not a list of periods"),
        ('[[term]]\nid = "a"\n', "not a list of periods"),
        ('{plain}\n[[term.version]]\nid = "b"\nfrom = 2026-05-01\n', "overlap"),
        ("{plain}\n{plain}", "a is defined twice"),
    ],
)
def test_a_list_that_can_t_be_right_is_refused(tmp_path, text, why):
    plain = (
        '[[term]]\nid = "a"\ncode = "A"\nname_zh = "甲"\nname_en = "a"\nlayer = "law"\nunit = "prompt"\nstart_zh = "甲"\nstart_en = "a"\n'
        'cites = ["order121:1"]\n[[term.version]]\nid = "a@1"\nfrom = 2026-04-15'
    )
    path = tmp_path / "terms.toml"
    path.write_text(text.replace("{plain}", plain), encoding="utf-8")

    with pytest.raises(BadInput, match=why):
        load(path)
