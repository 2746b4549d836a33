"""The command line: one clear line or one line of JSON, and an exit code that tells the truth."""

import json
import subprocess
import sys
from pathlib import Path

import openpyxl
import pytest
from django.utils import translation

from fangxin.cases.models import Case
from fangxin.clocks.models import Clock
from fangxin.exchange.models import QuarantinedRow
from fangxin.kernel.journal.models import Entry
from fangxin.site import cli

PROGRAM = Path(sys.executable).with_name("fangxin")


@pytest.fixture
def fangxin(monkeypatch, capsys, settings, tmp_path):
    """Calls a command as the entry point does; answers exit code, what was printed, and what was printed as error."""

    settings.JOURNAL_ROOTS = tmp_path / "journal"  # other tests' entries are rolled back, exported heads are not

    def call(*arguments, language="en"):
        monkeypatch.setenv("FANGXIN_LANGUAGE", language)
        monkeypatch.setattr(sys, "argv", ["fangxin", *map(str, arguments)])
        code = 0
        with translation.override(None):
            try:
                cli.main()
            except SystemExit as end:
                code = end.code or 0
        out = capsys.readouterr()
        return code, out.out.strip(), out.err.strip()

    return call


def orders(path, *rows):
    book = openpyxl.Workbook()
    book.active.append(["工单编号", "来电时间", "来电人", "联系电话", "诉求类型", "诉求内容"])
    for row in rows:
        book.active.append(row)
    book.save(path)
    return path


@pytest.mark.django_db
def test_due_answers_dates_rule_calendar_and_the_sentence(fangxin):
    code, out, _ = fangxin("due", "complaint.acceptance", "2026-09-24", "--json")

    answer = json.loads(out)
    assert (code, answer["strict_on"], answer["lenient_on"], answer["rule"], answer["provisional"], answer["as_if"]) == (
        0, "2026-10-12", "2026-10-12", "C1@order121", False, False,
    )  # fmt: skip
    assert answer["due_at"] == "2026-10-13T00:00:00+08:00"
    assert answer["explanation"] == (
        "7 working days from Thu 24 Sep 2026: Mon 12 Oct 2026; Order 121 Art 15; 11 days off skipped, make-up day 10 Oct counted"
    )


@pytest.mark.django_db
def test_due_speaks_chinese_when_asked(fangxin):
    code, out, _ = fangxin("due", "complaint.acceptance", "2026-09-24", language="zh-hans")

    assert code == 0
    assert "自2026年9月24日（星期四）起7个工作日，至2026年10月12日（星期一）届满" in out


@pytest.mark.django_db
def test_due_counts_the_alarm_from_first_receipt(fangxin):
    late = json.loads(fangxin("due", "complaint.acceptance", "2026-08-10", "--json")[1])
    early = json.loads(fangxin("due", "complaint.acceptance", "2026-08-10", "--received", "2026-08-03", "--json")[1])

    assert early["strict_on"] == late["strict_on"] == "2026-08-19"
    assert early["alarm_at"] < late["alarm_at"]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("due", "complaint.acceptance", "2018-05-07"), "No version of complaint.acceptance is in force on 2018-05-07."),
        (("due", "dispatch.prompt", "2026-09-24"), "The law sets no number of days for dispatch.prompt (promptly, or by notice)."),
        (("due", "no.such.term", "2026-09-24"), "no.such.term"),
    ],
)
def test_what_the_law_does_not_say_is_refused_aloud(fangxin, arguments, said):
    code, out, err = fangxin(*arguments)

    assert (code, out) == (1, "")
    assert said in err


@pytest.mark.django_db
def test_a_day_before_the_rule_counts_only_as_if(fangxin):
    code, out, _ = fangxin("due", "complaint.acceptance", "2018-05-07", "--as-if", "--json")

    assert (code, json.loads(out)["as_if"]) == (0, True)


@pytest.mark.django_db
def test_a_refusal_with_json_is_json(fangxin):
    code, out, _ = fangxin("due", "complaint.acceptance", "2018-05-07", "--json")

    assert (code, json.loads(out)["error"]) == (1, "law.not_in_force")


def test_a_misspelt_day_is_a_usage_error(fangxin):
    code, _, err = fangxin("due", "complaint.acceptance", "24.9.2026")

    assert code == 2
    assert "24.9.2026" in err


@pytest.mark.django_db
def test_import_takes_in_once_and_says_so(fangxin, tmp_path):
    file = orders(
        tmp_path / "orders.xlsx",
        ["JN1", "2026-11-18 09:30:00", "张三", "13800138000", "投诉", "锅漏水"],
        ["JN2", "2026-02-30 09:30:00", "李四", "13800138001", "投诉", "锅漏水"],
    )

    dry = fangxin("import", file, "--profile", "12345-orders", "--dry-run", "--json")
    first = fangxin("import", file, "--profile", "12345-orders", "--json")
    second = fangxin("import", file, "--profile", "12345-orders", "--json")

    assert [code for code, *_ in (dry, first, second)] == [0, 0, 0]
    wanted = {"rows": 2, "quarantined": 1}
    assert [{name: json.loads(out)[name] for name in wanted} for _, out, _ in (dry, first, second)] == [wanted] * 3
    assert [json.loads(out)["created"] for _, out, _ in (dry, first, second)] == [1, 1, 0]
    assert Case.objects.get().outside_number == "JN1"


@pytest.mark.django_db
def test_quarantine_is_listed_and_a_row_that_is_not_there_is_refused(fangxin, tmp_path):
    file = orders(tmp_path / "orders.xlsx", ["JN2", "2026-02-30 09:30:00", "李四", "13800138001", "投诉", "锅漏水"])
    fangxin("import", file, "--profile", "12345-orders")
    row = QuarantinedRow.objects.get()

    listed = json.loads(fangxin("quarantine", "list", "--json")[1])
    refused = fangxin("quarantine", "retry", 999)

    assert (listed["open"], listed["rows"][0]["row"], listed["rows"][0]["column"]) == (1, 2, "来电时间")
    assert (refused[0], refused[2]) == (1, "There is no row 999 in quarantine.")
    row.refresh_from_db()
    assert row.state == "open"


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("name", "content", "language", "said"),
    [
        ("orders.xlsx", b"%PDF-1.7 no sheet", "en", "PDF"),
        ("orders.xlsx", b"PK\x03\x04 cut off", "zh-hans", "。"),
        ("empty.csv", b"", "en", ""),
    ],
)
def test_a_file_that_is_none_is_one_clear_line(fangxin, tmp_path, name, content, language, said):
    file = tmp_path / name
    file.write_bytes(content)

    code, out, err = fangxin("import", file, "--profile", "12345-orders", language=language)

    assert (code, out) == (1, "")
    assert err
    assert "Traceback" not in err
    assert said in err


@pytest.mark.django_db
def test_an_unknown_profile_names_those_that_ship(fangxin, tmp_path):
    file = orders(tmp_path / "orders.xlsx")

    code, _, err = fangxin("import", file, "--profile", "12346-orders")

    assert code == 1
    assert "12345-orders" in err


@pytest.mark.django_db
def test_sweep_raises_each_alarm_once(fangxin, tmp_path):
    file = orders(tmp_path / "orders.xlsx", ["JN1", "2026-11-18 09:30:00", "张三", "13800138000", "投诉", "锅漏水"])
    fangxin("import", file, "--profile", "12345-orders")

    first = json.loads(fangxin("sweep", "--at", "2026-11-18T11:31", "--json")[1])
    second = json.loads(fangxin("sweep", "--at", "2026-11-18T11:31", "--json")[1])

    assert [(one["nearing"], one["due"], one["breached"]) for one in (first, second)] == [(1, 1, 1), (0, 0, 0)]
    assert Clock.objects.get(term="local.dispatch").announced == 3


@pytest.mark.django_db
def test_verify_ends_with_1_and_names_the_entry_that_was_altered(fangxin, tmp_path):
    file = orders(tmp_path / "orders.xlsx", ["JN1", "2026-11-18 09:30:00", "张三", "13800138000", "投诉", "锅漏水"])
    fangxin("import", file, "--profile", "12345-orders")

    sound = fangxin("journal", "verify", "--json")
    entry = Entry.objects.get(event="cases.CaseReceived")
    Entry.objects.filter(pk=entry.pk).update(actor="person:666")
    altered = fangxin("journal", "verify", "--json")

    assert (sound[0], json.loads(sound[1])["sound"]) == (0, True)
    assert altered[0] == 1
    assert [(one["damage"], one["seq"]) for one in json.loads(altered[1])["findings"]] == [("altered", entry.seq)]


def test_keys_are_made_once_and_for_their_owner_only(fangxin, tmp_path):
    first = fangxin("keys", "create", "--folder", tmp_path, "--algorithm", "sm4-gcm", "--json")
    second = fangxin("keys", "create", "--folder", tmp_path)

    assert first[0] == 0
    assert sorted(path.name for path in tmp_path.iterdir() if path.is_file()) == ["signing.pem", "vault.json"]
    assert {oct(path.stat().st_mode & 0o777) for path in tmp_path.iterdir() if path.is_file()} == {"0o600"}
    assert second[0] == 1
    assert "vault.json exists already" in second[2]


def test_every_command_has_help(fangxin):
    for name in cli.COMMANDS:
        code, out, _ = fangxin(name, "--help")

        assert code == 0, name
        assert out.startswith("Usage: fangxin"), name


def test_the_program_itself_on_an_empty_machine(own_world):
    """As a newcomer: nothing is migrated; the refusal says what to do, then it works."""

    def run(*arguments):
        return subprocess.run(
            [PROGRAM, *arguments], env=own_world | {"FANGXIN_LANGUAGE": "en"}, capture_output=True, text=True, check=False
        )

    early = run("sweep")
    migrated = run("migrate", "--json")
    swept = run("sweep", "--json")
    worked = run("worker", "--once", "--json")

    assert early.returncode == 1
    assert "Has `fangxin migrate` been run?" in early.stderr
    assert "Traceback" not in early.stderr
    assert json.loads(migrated.stdout)["known_until"] == "2026-12-31", migrated.stderr
    assert json.loads(swept.stdout) == {"nearing": 0, "due": 0, "breached": 0, "failed": []}, swept.stderr
    assert json.loads(worked.stdout)["delivered"] == 0, worked.stderr
    assert [path.name for path in (Path(own_world["FANGXIN_HOME"]) / "journal").iterdir()] == ["roots.jsonl"]


def test_production_refuses_the_demo_and_missing_secrets(own_world):
    production = own_world | {"FANGXIN_ENV": "production", "FANGXIN_LANGUAGE": "en"}

    demo = subprocess.run([PROGRAM, "demo"], env=production, capture_output=True, text=True, check=False)
    sweep = subprocess.run([PROGRAM, "sweep"], env=production, capture_output=True, text=True, check=False)

    assert (demo.returncode, "doesn't run in production" in demo.stderr) == (1, True)
    assert (sweep.returncode, "FANGXIN_SECRET_KEY" in sweep.stderr, "Traceback" in sweep.stderr) == (1, True, False)


def test_rotation_reseals_with_the_new_key_and_everything_still_opens(own_world, tmp_path):
    file = orders(tmp_path / "orders.xlsx", ["JN1", "2026-11-18 09:30:00", "张三", "13800138000", "投诉", "锅漏水，电话13800138000"])

    def run(*arguments):
        done = subprocess.run([PROGRAM, *map(str, arguments), "--json"], env=own_world, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    run("migrate")
    run("import", file, "--profile", "12345-orders")
    first = run("vault", "rotate", "--new-key", "--algorithm", "sm4-gcm")
    again = run("vault", "rotate")

    assert (first["resealed"], first["bad"]) == (2, 0)  # the person, and the narrative as filed
    assert (again["resealed"], again["bad"]) == (0, 0)
    assert run("journal", "verify")["sound"] is True
