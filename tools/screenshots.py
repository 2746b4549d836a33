"""Takes the pictures of docs/screens.md: each main page of a demo city at desk and phone width (界面截图).

    fangxin demo --no-serve && FANGXIN_HOME=var/demo python tools/screenshots.py docs/images

Serves the demo's folder on a free port while it works. `--only NAME` takes those whose name begins so. A page that has an error in its
console, needs sideways scrolling or answers anything but 200 ends it with 1.
"""

import argparse
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any
from urllib.request import urlopen

from PIL import Image

PASSWORD = "fangxin-demo-2026"  # noqa: S105 -- the demo's own, printed by it
WIDTHS = {1440: (900, 1240), 390: (844, 1700)}
"""Width of the window: its height, and how much of the page is shown at most."""
COLOURS = 96
LARGEST = 120 * 1024


@dataclass(frozen=True, slots=True)
class Shot:
    """One page as one person sees it."""

    name: str
    who: str
    """A login; `odr:` before one of an enterprise's; empty: nobody."""
    path: str
    then: Callable[[Any], None] | None = None
    language: str = "zh-hans"
    scroll: str = ""
    """What stands at the top of the picture, as a selector; empty: the page's top."""


def shots() -> list[Shot]:
    """The pages, with the cases of the demo that fill them."""
    from fangxin.accounts.models import Office
    from fangxin.cases.models import Case, Draft
    from fangxin.mediation.models import Delegation
    from fangxin.odr.models import Dispute, Enterprise
    from fangxin.odr.services.telling import token_of

    county = Office.objects.get(code="370811")

    def case(**wanted: Any) -> int:
        return Case.objects.filter(competent=county, **wanted).order_by("-pk").values_list("pk", flat=True)[0]

    sofa = case(state="mediating", title="沙发送货颜色与样品不符")
    report = case(state="dispatched", kind="report", title="宣传单称产品有治疗功能")
    consultation = Case.objects.open().filter(kind="consultation").order_by("pk").values_list("pk", flat=True)[0]
    draft = Draft.objects.open().order_by("pk").values_list("pk", flat=True)[0]
    delegated = Delegation.objects.filter(ended_at__isnull=True, reported_at__isnull=True).values_list("case_id", flat=True)[0]
    countered = Dispute.objects.filter(state="negotiating", title="冰箱噪音大").order_by("pk")[0]
    offered = Dispute.objects.filter(state="negotiating", title="洗衣机三包期内维修两次").order_by("pk")[0]
    applied = Enterprise.objects.filter(state="applied").values_list("pk", flat=True)[0]
    officer, desk, head = "officer-370811-1", "desk-1", "supervisor-370811"
    return [
        Shot("work-list", officer, "/cases/"),
        Shot("work-list-en", officer, "/cases/", language="en"),
        Shot("bench", desk, "/cases/bench"),
        Shot("bench-returned", desk, "/cases/bench?pile=returned"),
        Shot("entry", desk, f"/cases/new?draft={draft}"),
        Shot("case", officer, f"/cases/{sofa}"),
        Shot("case-en", officer, f"/cases/{sofa}", language="en"),
        Shot("case-acts", officer, f"/cases/{case(state='dispatched', kind='complaint', title='酸奶超过保质期')}", scroll="#acts"),
        Shot("case-report", officer, f"/cases/{report}"),
        Shot("case-approval", head, f"/cases/{report}", scroll="#acts"),
        Shot("document", officer, f"/cases/{sofa}", then=_open_paper("mediation_notice")),
        Shot("answering", desk, f"/cases/{consultation}/answer"),
        Shot("jurisdiction", desk, "/cases/jurisdiction"),
        Shot("mediation-calendar", officer, "/mediation/"),
        Shot("mediation-bench", "mediator-station", "/mediation/bench"),
        Shot("mediation-dispute", "mediator-station", f"/mediation/bench/{delegated}"),
        Shot("supervision", head, "/cases/supervision"),
        Shot("supervision-en", head, "/cases/supervision", language="en"),
        Shot("absences", head, "/cases/absences"),
        Shot("data-subject", head, "/cases/data-subject"),
        Shot("notices", head, "/notices/"),
        Shot("knowledge", officer, "/knowledge/"),
        Shot("account", officer, "/accounts/me"),
        Shot("odr-enterprises", head, "/odr/enterprises"),
        Shot("odr-enterprise", head, f"/odr/enterprises/{applied}"),
        Shot("odr-invite", head, "/odr/invite"),
        Shot("odr-disputes", officer, "/odr/disputes"),
        Shot("odr-sign-in", "", "/odr/sign-in"),
        Shot("odr-apply", "", "/odr/apply"),
        Shot("odr-inbox", "odr:odr-shop", "/odr/inbox"),
        Shot("odr-dispute", "odr:odr-shop", f"/odr/inbox/{countered.pk}"),
        Shot("odr-dispute-en", "odr:odr-shop", f"/odr/inbox/{countered.pk}", language="en"),
        Shot("odr-performance", "odr:odr-shop", "/odr/performance"),
        Shot("odr-account", "odr:odr-shop", "/odr/account"),
        Shot("odr-consumer", "", f"/odr/d/{token_of(offered)}"),
    ]


def _open_paper(form: str) -> Callable[[Any], None]:
    def then(page: Any) -> None:
        with page.expect_navigation():
            page.locator(f"form[action$='/papers/{form}'] button").first.click()

    return then


def take(page: Any, shot: Shot, width: int, folder: Path) -> list[str]:
    """Take one picture; answers what is wrong with the page."""
    answer = page.goto(shot.path)
    if shot.then:
        shot.then(page)
    page.wait_for_load_state("networkidle")
    wrong = [] if answer.ok else [f"answers {answer.status}"]
    beyond = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    if beyond:
        wrong.append(f"{beyond} px too wide")
    top = page.locator(shot.scroll).first.bounding_box()["y"] - 8 if shot.scroll else 0
    whole = page.evaluate("document.documentElement.scrollHeight")
    height = min(WIDTHS[width][1], whole - int(top))
    picture = page.screenshot(full_page=True, clip={"x": 0, "y": max(top, 0), "width": width, "height": height})
    _keep(picture, folder / f"{shot.name}-{width}.png")
    return wrong


def _keep(picture: bytes, path: Path) -> None:
    drawn = Image.open(BytesIO(picture)).convert("RGB")
    for colours in (COLOURS, 64, 40, 24):
        drawn.quantize(colours, method=Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE).save(path, optimize=True)
        if path.stat().st_size <= LARGEST:
            return


@contextmanager
def served() -> Iterator[str]:
    """The demo's pages on a free port."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    program = Path(sys.executable).with_name("fangxin")
    server = subprocess.Popen(
        [program, "serve", "--port", str(port), "--workers", "1"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    base = f"http://127.0.0.1:{port}"
    try:
        for _attempt in range(240):
            try:
                urlopen(f"{base}/healthz", timeout=2)  # noqa: S310 -- our own server
                break
            except OSError:
                time.sleep(0.25)
        yield base
    finally:
        server.terminate()
        server.wait(20)


def sign_in(page: Any, who: str) -> None:
    """By the door that everybody uses."""
    realm, _, login = who.rpartition(":")
    page.goto("/odr/sign-in" if realm else "/accounts/sign-in")
    page.fill("[name=login]", login)
    page.fill("[name=password]", PASSWORD)
    with page.expect_navigation():
        page.press("[name=password]", "Enter")


def main() -> int:
    """Take all pictures."""
    given = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    given.add_argument("folder", type=Path)
    given.add_argument("--only", default="")
    given.add_argument("--base", default="", help="a server that runs already")
    arguments = given.parse_args()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "fangxin.site.settings")
    import django

    django.setup()
    wanted = [shot for shot in shots() if shot.name.startswith(arguments.only)]
    arguments.folder.mkdir(parents=True, exist_ok=True)
    if arguments.base:
        return _all(wanted, arguments.base, arguments.folder)
    with served() as base:
        return _all(wanted, base, arguments.folder)


def _all(wanted: list[Shot], base: str, folder: Path) -> int:
    from playwright.sync_api import sync_playwright

    found = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    failed = 0
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=found,
            args=["--lang=zh-CN", *(["--no-sandbox"] if os.geteuid() == 0 else [])],
            env={**os.environ, "LANGUAGE": "zh_CN"},
        )
        for width, (height, _most) in WIDTHS.items():
            for who, language in dict.fromkeys((shot.who, shot.language) for shot in wanted):
                context = browser.new_context(
                    base_url=base, viewport={"width": width, "height": height}, locale="zh-CN", timezone_id="Asia/Shanghai"
                )
                context.add_cookies([{"name": "django_language", "value": language, "url": base}])
                page = context.new_page()
                errors: list[str] = []
                page.on("pageerror", lambda error, errors=errors: errors.append(str(error)))
                page.on("console", lambda told, errors=errors: errors.append(told.text) if told.type == "error" else None)
                if who:
                    sign_in(page, who)
                for shot in wanted:
                    if (shot.who, shot.language) == (who, language):
                        wrong = [*take(page, shot, width, folder), *errors]
                        errors.clear()
                        failed += bool(wrong)
                        sys.stdout.write(f"{shot.name}-{width}: {'; '.join(wrong) or 'fine'}\n")
                context.close()
        browser.close()
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
