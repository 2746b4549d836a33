"""Who must be told what about a report, field by field."""

from datetime import date

import pytest

from fangxin.clocks.notices import ReportField, duties, matrix
from fangxin.clocks.terms import book
from fangxin.kernel.errors import UnknownRule

NOW = date(2026, 5, 6)


def owed(field: str, on: date = NOW, *, real_name: bool = True, with_evidence: bool = True, in_remit: bool = True) -> list[str]:
    return [duty.id for duty in duties(field, real_name=real_name, with_evidence=with_evidence, in_remit=in_remit, on=on)]


def test_the_matrix_of_today():
    assert {field.value: (owed(field), owed(field, in_remit=False)) for field in ReportField} == {
        "general": ([], ["general.outside_remit_order121"]),
        "advertising": (["advertising.handle_and_tell"], ["general.outside_remit_order121"]),
        "unfair_competition": (["unfair_competition.tell_result"], ["general.outside_remit_order121"]),
        "food": (["food.answer", "food.reward"], ["food.transfer", "general.outside_remit_order121"]),
        "drug": (["drug.answer_and_reward"], ["general.outside_remit_order121"]),
        "device": (["device.answer_and_reward"], ["general.outside_remit_order121"]),
        "cosmetics": (["cosmetics.answer_and_reward"], ["general.outside_remit_order121"]),
        "association": (["association.reply"], ["association.reply", "general.outside_remit_order121"]),
    }


def test_unfair_competition_owes_only_whom_it_knows_and_who_proved_it():
    assert owed("unfair_competition", real_name=False) == []
    assert owed("unfair_competition", with_evidence=False) == []
    assert owed("unfair_competition", date(2025, 10, 14)) == ["general.decision_notice_order20"]


def test_the_filing_decision_was_owed_to_a_real_name_reporter_until_order_121():
    assert owed("general", date(2026, 4, 14)) == ["general.decision_notice_order20"]
    assert owed("general", date(2026, 4, 14), real_name=False) == []
    assert owed("general", date(2026, 4, 15)) == []


def test_a_duty_tells_its_article_and_its_period():
    transfer = duties("food", real_name=False, with_evidence=False, in_remit=False, on=NOW)[0]

    assert (transfer.term, transfer.cites[0].zh()) == ("report.food_transfer", "《中华人民共和国食品安全法》第一百一十五条")
    assert transfer.text("en") == "transfer it to the competent department and notify the reporter in writing"
    assert transfer.text("zh-hans") == "移交有权处理的部门，并书面通知举报人"
    assert {duty.term for duty in matrix() if duty.term} <= set(book().terms)


def test_a_field_or_a_day_without_rules_fails_aloud():
    with pytest.raises(UnknownRule, match="no field tobacco"):
        owed("tobacco")
    with pytest.raises(UnknownRule, match="2019-12-31"):
        owed("general", date(2019, 12, 31))
    replay = duties("general", real_name=True, with_evidence=False, in_remit=True, on=date(2015, 1, 1), as_if=True)
    assert [duty.id for duty in replay] == ["general.decision_notice_order20"]
