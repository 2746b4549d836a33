"""Templates: what is registered is whole, what is rendered can't be bent, a bureau may say it in its own words."""

import pytest
from django.core.exceptions import ImproperlyConfigured

from fangxin.kernel.errors import BadInput
from fangxin.notices import templates
from fangxin.notices.addresses import masked, usable

WHOLE = """
["own.greeting"]
name = { zh = "问候", en = "Greeting" }
audiences = ["staff"]
params = ["who"]
subject = { zh = "您好", en = "Hello" }
body = { zh = "{who}您好。", en = "Hello {who}." }
"""


@pytest.fixture
def registry(monkeypatch):
    """A registry of the test's own."""
    monkeypatch.setattr(templates, "_templates", dict(templates._templates))


@pytest.fixture
def file(tmp_path):
    def write(text):
        path = tmp_path / "notices.toml"
        path.write_text(text, "utf-8")
        return path

    return write


def test_every_shipped_text_is_there_in_both_languages():
    names = {template.id for template in templates.every()}

    assert names >= {
        "case.received_receipt", "case.accepted", "case.refused", "case.mediation_invitation", "case.terminated", "case.identity_proof",
        "case.report_result", "case.call_back_request", "staff.escalation",
    }  # fmt: skip


def test_a_text_is_filled_in_the_language_of_the_reader():
    template = templates.get("case.accepted")
    params = {"number": "FX1", "office": "任城局", "phone": "0537-12315"}

    zh, en = templates.render(template, params, "zh-hans"), templates.render(template, params, "en")

    assert (zh.subject, zh.body) == (
        "投诉受理告知",
        "您的投诉（编号FX1）经审查决定予以受理，将依法组织调解。联系电话：0537-12315。任城局",
    )
    assert en.body.startswith("Your complaint FX1 has been accepted")


def test_a_value_adds_no_blank_no_line_and_no_control_sign():
    template = templates.get("case.accepted")
    params = {"number": "{phone}\r\nBcc: x@y.cn\u2028\u202e", "office": "局", "phone": "12315"}

    assert "编号{phone} Bcc: x@y.cn）" in templates.render(template, params, "zh-hans").body


def test_a_blank_without_a_value_is_refused():
    with pytest.raises(BadInput) as refusal:
        templates.render(templates.get("case.accepted"), {"number": "FX1", "office": " "}, "zh-hans")

    assert refusal.value.params == {"template": "case.accepted", "names": "office, phone"}


def test_a_template_that_nobody_registered_is_refused():
    with pytest.raises(BadInput, match="no notice template"):
        templates.get("case.nonsense")


@pytest.mark.parametrize(
    ("was", "becomes", "said"),
    [
        ("{who}您好", "{whom}您好", "unknown blank: whom"),
        ("{who}您好", "{who.name}您好", "brace that is no blank"),
        ("{who}您好", "{who!r}您好", "brace that is no blank"),
        ("{who}您好", "{{who}}您好", "brace that is no blank"),
        (', en = "Greeting"', "", "said in zh and en"),
        ('["who"]', '["who", "when"]', "never says when"),
        ('["staff"]', '["stuff"]', "unknown"),
        ('["staff"]', "[]", "no audience"),
        ("params", "parameters", "must have"),
    ],
)
def test_a_faulty_template_stops_the_start(registry, file, was, becomes, said):
    with pytest.raises(ImproperlyConfigured, match=said):
        templates.register(file(WHOLE.replace(was, becomes)))


def test_a_name_is_taken_once(registry, file, tmp_path):
    templates.register(file(WHOLE))
    templates.register(file(WHOLE))
    other = tmp_path / "other.toml"
    other.write_text(WHOLE, "utf-8")

    with pytest.raises(ImproperlyConfigured, match=r"own\.greeting stands in"):
        templates.register(other)


def test_a_bureau_says_it_in_its_own_words(registry, file, settings, tmp_path):
    settings.HOME = tmp_path
    (tmp_path / "templates").mkdir()
    own = tmp_path / "templates" / "notices.toml"
    own.write_text('["own.greeting"]\nbody = { zh = "尊敬的{who}，您好！" }\n["own.greating"]\nbody = {}\n', "utf-8")

    templates.register(file(WHOLE))

    template = templates.get("own.greeting")
    assert templates.render(template, {"who": "张三"}, "zh-hans") == templates.Text("您好", "尊敬的张三，您好！")
    assert templates.render(template, {"who": "Li"}, "en").body == "Hello Li."
    assert templates.unknown_own_words() == ["own.greating"]


def test_own_words_with_an_unknown_blank_stop_the_start(registry, file, settings, tmp_path):
    settings.HOME = tmp_path
    (tmp_path / "templates").mkdir()
    (tmp_path / "templates" / "notices.toml").write_text('["own.greeting"]\nbody = { zh = "{name}您好" }\n', "utf-8")

    with pytest.raises(ImproperlyConfigured, match="unknown blank: name"):
        templates.register(file(WHOLE))


@pytest.mark.parametrize(("signs", "parts"), [(0, 1), (70, 1), (71, 2), (134, 2), (135, 3)])
def test_a_long_text_goes_in_parts(signs, parts):
    assert templates.parts("字" * signs) == parts


@pytest.mark.parametrize(
    ("channel", "given", "kept", "shown"),
    [
        ("sms", " +86 138-0537-1234 ", "13805371234", "138****1234"),
        ("sms", "１３８０５３７１２３４", "13805371234", "138****1234"),
        ("sms", "0537-2312345", "", "0537-****345"),
        ("sms", "13805371234,13900000000", "", "138****1234,139****0000"),
        ("sms", "", "", ""),
        ("email", "lin@example.com", "lin@example.com", "l***@example.com"),
        ("email", "a@example.com,b@example.com", "", "a***@example.com"),
        ("email", "a@example.com?to=b@example.com", "", None),
        ("email", "a@example", "", None),
        ("email", "a@example.com\nBcc: b@example.com", "", None),
        ("wecom", "693axxx6-7aoc-4bc4-97a0-0ec2sifa5aaa", "693axxx6-7aoc-4bc4-97a0-0ec2sifa5aaa", "****5aaa"),
        ("dingtalk", "a/b?x={to}", "", None),
    ],
)  # fmt: skip
def test_one_address_and_no_list_of_them(channel, given, kept, shown):
    assert usable(channel, given) == kept
    if shown is not None and "," not in given:
        assert masked(channel, given) == shown
    assert given == "" or masked(channel, given) != given
