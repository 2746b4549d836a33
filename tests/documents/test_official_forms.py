"""The ten forms: their wording, their values, the PDF that comes out, held against the official text field by field."""

import io
import re
import shutil
import subprocess
import sys
import unicodedata
import zipfile

import pypdf
import pytest
from hypothesis import given
from hypothesis import strategies as st
from papers import KNOWN, VALUES

from fangxin.documents import converting, drawing, filling
from fangxin.documents.specs import forms, spec
from fangxin.kernel.errors import BadInput

LABELS = {
    "complaint_registration": (
        "投诉登记表 登记单位： 编号： 投诉人 姓名 联系电话 证件类型 证件号码 联系地址 是否同意公示投诉信息 □是 □否 是否同意委托调解 "
        "□是 □否 被投诉人 名称（姓名） 联系人 地址 联系电话 消费者权益争议事实依据 投诉请求 投诉人（签字）： 年 月 日 经办人（签字）： 年 月 日 注："
    ),
    "report_registration": (
        "举报登记表 登记单位： 编号： 举报人 姓名 联系电话 联系地址 身份证件号码 被举报人 名称（姓名） 地址 "
        "涉嫌违反市场监督管理法律、法规、规章的具体线索和相应的事实依据 举报人（签字）： 年 月 日 经办人（签字）： 年 月 日 注："
    ),
    "dispatch_notice": "投诉/举报分送通知书 市监〔 〕第 号 ： 现转去 于 年 月 日关于 前报告我局。 附：相关材料 份，共 页。 （印章） 年 月 日 注：",
    "identity_proof_notice": "限期提供身份证明材料通知书 市监〔 〕第 号 ： 请你在 年 月 日前 联系电话： ；通信地址： （印章） 年 月 日 注：",
    "acceptance_decision": (
        "投诉受理决定书 市监〔 〕第 号 ： 我局于 年 月 日收到你关于 的投诉。 我局决定受理。 联系人： ；联系电话： 特此告知。 （印章） 年 月 日 注："
    ),
    "refusal_decision": (
        "投诉不予受理决定书 市监〔 〕第 号 ： 我局于 年 月 日收到你关于 属以下第〔 〕项情形 （一） （二） （三） （四） （五） （六） （七） "
        "第三十九条规定的其他途径 特此告知。 （印章） 年 月 日 注："
    ),
    "mediation_notice": (
        "投诉调解通知书 市监〔 〕第 号 ： 关于 的投诉，我局已经受理 请于 年 月 日 时 到 参加调解。 请携带以下材料：1.身份证明材料；2. "
        "日内对调解人员提出回避申请。 调解人员： ；联系电话： 特此通知。 （印章） 年 月 日 注："
    ),
    "termination_decision": (
        "投诉终止调解决定书 市监〔 〕第 号 ： 经审查，关于 投诉的调解过程中出现以下第〔 〕项情形 （一） （二） （三） （四） （五） （六） （七） （八） "
        "特此告知。 （印章） 年 月 日 注："
    ),
    "mediation_agreement": (
        "投诉调解书 市监〔 〕第 号 投诉人： 联系电话： 联系地址： 委托代理人： 联系电话： 联系地址： 被投诉人： 法定代表人（负责人）： 联系电话： "
        "地址（经营场所）： 委托代理人： 联系电话： 联系地址： 投诉内容及投诉请求： 双方自愿达成如下协议： 投诉人（签名）： 被投诉人（签名）： "
        "调解人员（签名）： （印章） 年 月 日 注："
    ),
    "report_result_notice": (
        "举报处理结果告知书 市监〔 〕第 号 ： 关于 的举报，我局已依法处理。根据《 第 条规定，现将处理结果告知如下： 特此告知。 （印章） 年 月 日 注："
    ),
}
"""The names of the forms' fields in the official order, as one reads them on paper."""


def plain(text: str) -> str:
    """A text without spaces and lines; signs that only look different are the same."""
    same = unicodedata.normalize("NFKC", text).translate(str.maketrans({"﹝": "〔", "﹞": "〕", "☑": "□"}))
    return re.sub(r"\s", "", same)


def ordered(labels: str, text: str) -> str:
    """The first of these labels that does not stand after the one before it; empty if all stand in order."""
    at = 0
    for label in labels.split():
        found = text.find(plain(label), at)
        if found < 0:
            return label
        at = found + len(plain(label))
    return ""


def drawn(form: str, values=None, **known) -> bytes:
    template = spec(form)
    return drawing.draw(template, {**filling.cleaned(template, VALUES[form] if values is None else values), **(known or KNOWN)})


def needs_libreoffice() -> None:
    """Skip where no PDF with Chinese letters can be made."""
    if converting.program() is None:
        pytest.skip("needs LibreOffice (libreoffice-writer-nogui): soffice is not installed")
    if shutil.which("fc-list") and not subprocess.run(["fc-list", ":lang=zh"], capture_output=True, check=False).stdout.strip():
        pytest.skip("needs a font with Chinese letters (fonts-noto-cjk)")


@pytest.fixture(scope="module")
def pages() -> dict[str, list[str]]:
    """The text of each page of the ten forms, printed by one run of LibreOffice: filled in."""
    needs_libreoffice()
    made = converting.all_to_pdf([drawn(form) for form in forms()])
    return {form: [page.extract_text() for page in pypdf.PdfReader(io.BytesIO(pdf)).pages] for form, pdf in zip(forms(), made, strict=True)}


@pytest.fixture(scope="module")
def official(shared) -> dict[str, str]:
    """The official text of each form (文书式样_2026-04.txt), by form."""
    path = shared / "law" / "texts" / "文书式样_2026-04.txt"
    if not path.exists():
        pytest.skip(f"needs the official forms: {path} is absent")
    found = re.split(r"--p\d+--\n", path.read_text("utf-8"))[4:]
    texts = [re.sub(r"—\s*\d+\s*—\s*$", "", page.partition("\n")[2].strip()) for page in found]
    return dict(zip(forms(), texts, strict=True))


# --- the wording -------------------------------------------------------------------------------------------------------------


def test_there_are_the_ten_forms_in_the_official_order():
    titles = [template.title for template in forms().values()]

    assert titles == [
        "投诉登记表", "举报登记表", "投诉/举报分送通知书", "限期提供身份证明材料通知书", "投诉受理决定书", "投诉不予受理决定书",
        "投诉调解通知书", "投诉终止调解决定书", "投诉调解书", "举报处理结果告知书",
    ]  # fmt: skip
    assert [template.ordinal for template in forms().values()] == list(range(1, 11))


@pytest.mark.parametrize("form", list(VALUES))
def test_every_fixed_word_of_a_form_stands_in_the_official_text_in_the_same_order(form, official):
    """Titles, paragraphs, labels and notes of the data file, each searched after the one before it."""
    template, text = spec(form), plain(official[form])
    fixed = [template.title]
    for row in template.table:
        labels = [template.field(name).zh for line in row.lines for name in line]
        fixed += [part for part in (row.head, *labels, row.sign) if part]
    for block in template.blocks:
        fixed += [part for part in re.split(r"\{\w+\}|\|", block.text) if part.strip()]
    fixed += template.notes

    at = 0
    for part in fixed:
        found = text.find(plain(part), at)
        assert found >= 0, f"{part} does not stand after {text[max(0, at - 20) : at]}"
        at = found + len(plain(part))


@pytest.mark.parametrize("form", list(VALUES))
def test_no_official_word_is_missing_from_an_empty_form(form, official):
    """The paper with nothing filled in says what the official one says, sign by sign, blanks and signatures aside."""
    template = spec(form)
    said = "".join(part.text for _style, parts in filling.paragraphs(template, {}) for part in parts)
    said += "".join(
        row.head
        + "".join(template.field(name).zh + (filling.said(template.field(name), "") if template.field(name).kind == "consent" else "") for line in row.lines for name in line)
        + row.sign
        + ("年月日" if row.sign else "")
        for row in template.table
    )  # fmt: skip
    head = "登记单位：编号：" if template.table else "市监〔〕第号"
    ours = (
        plain(template.title + head + said + "注：" + "".join(template.notes))
        .replace("|", "")
        .replace("材料。", "材料;2.......", form == "mediation_notice")
    )

    # The bureau stands where the paper leaves room before its name; a registration's form is told in another order by the text.
    theirs = plain(official[form]).replace("市场监督管理局(印章)", "(印章)")
    assert sorted(ours) == sorted(theirs)


# --- what is printed ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", list(VALUES))
def test_the_pdf_names_the_official_fields_in_their_order(form, pages):
    text = plain("".join(pages[form]))

    assert ordered(LABELS[form], text) == ""


@pytest.mark.parametrize("form", list(VALUES))
def test_the_pdf_and_the_official_text_agree_on_every_label(form, pages, official):
    """What both of them say, field by field: the labels written in this test stand in both, in the same order."""
    theirs = plain(official[form])

    assert ordered(LABELS[form], theirs) == ""


@pytest.mark.parametrize("form", list(VALUES))
def test_every_form_fits_on_one_page(form, pages):
    assert len(pages[form]) == 1


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ("complaint_registration", ["登记单位：任城区市场监督管理局", "编号：济任市监〔2026〕第12号", "姓名 林晓梅", "联系电话 13805371234", "证件类型 居民身份证", "证件号码 370811198605121128", "联系地址 济宁市任城区古槐路19号3单元502室", "名称（姓名） 鲁好商贸有限公司 联系人 王经理", "地址 古槐路1号 联系电话 0537-2345678", "退货，退还货款199元。", "经办人（签字）：王芳 2026年11月24日"]),
        ("report_registration", ["姓名 孙建国 联系电话 13905375678", "联系地址 曲阜市鼓楼北街8号", "身份证件号码 370881197003041234", "名称（姓名） 某某大药房", "地址 太白楼路2号", "店内广告称“包治百病”。", "经办人（签字）：王芳 2026年11月23日"]),
        ("dispatch_notice", ["任城区市场监督管理局： 现转去林晓梅于2026年11月20日关于购买的电热水壶漏水、商家拒绝退货的投诉。", "并将处理结果于2027年1月20日前报告我局。", "附：相关材料3份，共17页。"]),
        ("identity_proof_notice", ["林晓梅：", "请你在2026年12月1日前向我局提供以下身份证明材料。 居民身份证复印件或者照片 手持身份证的照片 逾期未提供", "联系电话：0537-2345601；通信地址：济宁市红星中路8号。"]),
        ("acceptance_decision", ["济任市监〔2026〕第12号 林晓梅：", "我局于2026年11月18日收到你关于购买的电热水壶漏水、商家拒绝退货的投诉。", "联系人：王芳；联系电话：0537-2345601。", "任城区市场监督管理局（印章） 2026年11月24日"]),
        ("refusal_decision", ["属以下第〔三〕项情形，依据《市场监督管理投诉举报处理办法》第十六条的规定，我局决定不予受理。"]),
        ("mediation_notice", ["林晓梅、鲁好商贸有限公司：", "请于2026年12月2日14时30分到任城区市场监督管理局调解室参加调解。", "1. 身份证明材料；2. 购物凭证；3. 电热水壶实物。", "自收到本通知书之日起3日内", "调解人员：李静；联系电话：0537-2345602。"]),
        ("termination_decision", ["关于购买的电热水壶漏水、商家拒绝退货投诉的调解过程中出现以下第〔五〕项情形"]),
        ("mediation_agreement", ["投诉人：林晓梅 联系电话：13805371234", "委托代理人：周明 联系电话：13505370001 联系地址：任城区车站西路5号", "被投诉人：鲁好商贸有限公司 法定代表人（负责人）：张建国 联系电话：0537-2345678", "地址（经营场所）：古槐路1号 委托代理人：赵丽 联系电话：13605370002 联系地址：任城区建设路6号", "投诉内容及投诉请求： 电热水壶漏水，请求退货退款。", "如下协议： 一、退还货款199元； 二、双方再无其他纠葛。 本调解书"]),
        ("report_result_notice", ["孙建国： 关于某某大药房发布违法广告的举报，我局已依法处理。根据《中华人民共和国广告法》第五十三条规定，现将处理结果告知如下： 我局已于2026年11月20日立案调查。 特此告知。"]),
    ],
)  # fmt: skip
def test_values_stand_after_their_labels(form, said, pages):
    text = plain("".join(pages[form]))

    assert [one for one in said if plain(one) not in text] == []


def test_a_consent_ticks_its_own_box_and_one_not_asked_ticks_none():
    consent = spec("complaint_registration").field("consent_publish")

    assert [filling.said(consent, value) for value in ("yes", "no", "")] == ["☑是　□否", "□是　☑否", "□是　□否"]


def test_both_boxes_are_printed(pages):
    text = re.sub(r"\s", "", "".join(pages["complaint_registration"]))

    assert "☑是□否" in text
    assert "□是☑否" in text


def test_a_long_narrative_flows_onto_a_second_page():
    needs_libreoffice()
    facts = "\n".join(f"第{n}次维修后仍然漏水，商家拒绝退货。" for n in range(1, 90))

    pdf = converting.to_pdf(drawn("complaint_registration", VALUES["complaint_registration"] | {"facts": facts}))

    text = plain("".join(page.extract_text() for page in pypdf.PdfReader(io.BytesIO(pdf)).pages))
    assert plain("第89次维修后仍然漏水") in text
    assert plain("经办人（签字）：王芳") in text


# --- the file ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", list(VALUES))
def test_the_same_values_give_the_same_bytes_and_others_other_ones(form):
    first, again = drawn(form), drawn(form)
    name = next(iter(VALUES[form]))
    other = drawn(form, VALUES[form] | {name: VALUES[form][name] + "1"})

    assert first == again
    assert first != other


def test_another_process_makes_the_same_bytes_too(tmp_path):
    """Neither the order of sets nor the clock stands in the file."""
    code = (
        "import hashlib, sys; sys.path[:0] = ['src', 'tests/documents']; from django.conf import settings; settings.configure();"
        "from fangxin.documents import drawing, specs; t = specs.spec('acceptance_decision');"
        "print(hashlib.sha256(drawing.draw(t, {'addressee': '林晓梅', 'received_on': '2026-11-18', 'number': '1'})).hexdigest())"
    )
    hashes = {
        subprocess.run(
            [sys.executable, "-c", code], env={"PYTHONHASHSEED": seed, "TZ": zone}, capture_output=True, text=True, check=True
        ).stdout
        for seed, zone in (("1", "UTC"), ("2", "Asia/Shanghai"))
    }

    assert len(hashes) == 1


def test_the_docx_tells_nothing_of_its_making():
    with zipfile.ZipFile(io.BytesIO(drawn("refusal_decision"))) as archive:
        core = archive.read("docProps/core.xml").decode()
        times = {entry.date_time for entry in archive.infolist()}

    assert "python-docx" not in core
    assert "2026-04-15" in core
    assert times == {(1980, 1, 1, 0, 0, 0)}


def test_a_preview_says_that_it_is_one_and_carries_no_number():
    template = spec("acceptance_decision")

    made = drawing.draw(template, {"addressee": "林晓梅"}, preview=True)

    with zipfile.ZipFile(io.BytesIO(made)) as archive:
        parts = {name: archive.read(name).decode() for name in archive.namelist() if name.endswith(".xml")}
    assert any("预览" in text for name, text in parts.items() if "header" in name)
    assert "市监〔　　〕第　　号" in parts["word/document.xml"]


# --- what may be filled in ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("form", "change", "code"),
    [
        ("acceptance_decision", {"addressee": " "}, "documents.field_missing"),
        ("acceptance_decision", {"received_on": "18.11.2026"}, "documents.field_unreadable"),
        ("acceptance_decision", {"colour": "red"}, "documents.no_such_field"),
        ("acceptance_decision", {"matter": "长" * 201}, "documents.field_long"),
        ("refusal_decision", {"ground": "8"}, "documents.field_unreadable"),
        ("refusal_decision", {"ground": "0"}, "documents.field_unreadable"),
        ("termination_decision", {"ground": "9"}, "documents.field_unreadable"),
        ("termination_decision", {"ground": "五"}, "documents.field_unreadable"),
        ("dispatch_notice", {"copies": "-1"}, "documents.field_unreadable"),
        ("dispatch_notice", {"filing_kind": "咨询"}, "documents.field_unreadable"),
        ("mediation_notice", {"session_at": "2026-12-02"}, "documents.field_unreadable"),
        ("complaint_registration", {"consent_publish": "not_asked"}, "documents.field_unreadable"),
        ("complaint_registration", {"facts": "长" * 4001}, "documents.field_long"),
    ],
)
def test_what_a_form_cannot_take_is_refused(form, change, code):
    with pytest.raises(BadInput) as refused:
        filling.cleaned(spec(form), VALUES[form] | change)

    assert refused.value.code == code


def test_every_ground_of_the_articles_can_be_named():
    refusal, termination = spec("refusal_decision"), spec("termination_decision")

    assert len(refusal.items) == 7  # Order 121 Art 16
    assert len(termination.items) == 8  # Art 23
    assert [filling.said(refusal.field("ground"), str(n)) for n in range(1, 8)] == list("一二三四五六七")


@given(st.text(max_size=300))
def test_any_text_can_be_printed(text):
    """Control signs, halves of pairs and signs that XML refuses are left out; nothing breaks the file."""
    line = filling.printable(text, lines=False)
    assert "\n" not in line
    if line:
        drawing.draw(spec("acceptance_decision"), {"addressee": line})


def test_an_hour_has_minutes_only_where_there_are_some():
    field = spec("mediation_notice").field("session_at")

    assert filling.said(field, "2026-12-02T09:00") == "2026年12月2日9时"
    assert filling.said(field, "2026-12-02T14:05") == "2026年12月2日14时5分"


def test_a_message_says_only_the_ground_that_was_found():
    text = filling.message(spec("refusal_decision"), VALUES["refusal_decision"])

    assert "（三）不是为生活消费需要" in text
    assert "（二）" not in text
    assert "第三十九条规定的其他途径" in text
    assert "印章" not in text


# --- LibreOffice -------------------------------------------------------------------------------------------------------------


def test_without_libreoffice_there_is_a_sentence_and_no_crash(monkeypatch, settings, tmp_path):
    settings.HOME = tmp_path
    monkeypatch.setattr(shutil, "which", lambda _name: None)

    with pytest.raises(converting.ConversionFailed) as refused:
        converting.to_pdf(b"x")

    assert refused.value.code == "documents.converter_missing"


def test_a_converter_that_makes_nothing_hangs_or_is_busy_is_told_apart(monkeypatch, settings, tmp_path):
    settings.HOME = tmp_path

    def stands_for(script: str) -> None:
        program = tmp_path / "soffice"
        program.write_text(f"#!/bin/sh\n{script}\n")
        program.chmod(0o755)
        monkeypatch.setattr(converting, "program", lambda: str(program))

    stands_for("exit 1")
    with pytest.raises(converting.ConversionFailed) as nothing:
        converting.to_pdf(b"x")
    stands_for("sleep 60 & sleep 60")
    monkeypatch.setattr(converting, "RUN_SECONDS", 0.3)
    with pytest.raises(converting.ConversionFailed) as slow:
        converting.to_pdf(b"x")
    monkeypatch.setattr(converting, "WAIT_SECONDS", 0)
    with converting._slot(), converting._slot(), pytest.raises(converting.ConversionFailed) as busy:
        converting.to_pdf(b"x")

    assert (nothing.value.code, slow.value.code, busy.value.code) == (
        "documents.converter_failed",
        "documents.converter_slow",
        "documents.converter_busy",
    )


def test_two_conversions_run_at_once(tmp_path):
    needs_libreoffice()
    from concurrent.futures import ThreadPoolExecutor  # noqa: PLC0415 -- only here

    with ThreadPoolExecutor(2) as pool:
        made = list(pool.map(converting.to_pdf, [drawn("acceptance_decision"), drawn("refusal_decision")]))

    assert [pdf[:5] for pdf in made] == [b"%PDF-", b"%PDF-"]
