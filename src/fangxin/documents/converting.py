"""DOCX to PDF by LibreOffice (`soffice --headless`): a profile of its own for each run, few at once, never without an end."""

import fcntl
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from html import escape
from pathlib import Path
from typing import Final

from django.conf import settings

from fangxin.kernel.errors import DomainError

AT_ONCE: Final = 2
"""Conversions at the same time, over all processes of the service; each takes a processor and some 300 MB."""
WAIT_SECONDS: Final = 20
RUN_SECONDS: Final = 60

SUBSTITUTES: Final = {
    "方正小标宋简体": ("FZXiaoBiaoSong-B05S", "Noto Serif CJK SC", "SimSun"),
    "仿宋_GB2312": ("FangSong_GB2312", "FangSong", "STFangsong", "Noto Serif CJK SC"),
    "黑体": ("SimHei", "Noto Sans CJK SC"),
    "Times New Roman": ("Liberation Serif", "Noto Serif CJK SC"),
    "Segoe UI Symbol": ("DejaVu Sans", "Noto Sans Symbols2", "Noto Sans Symbols"),
}
"""What stands in for the official fonts where the machine has none of them."""


class ConversionFailed(DomainError):
    """No PDF could be made now; the DOCX is there all the same."""


def program() -> str | None:
    """Where LibreOffice is, if it is installed."""
    return shutil.which("soffice") or shutil.which("libreoffice")


def to_pdf(content: bytes) -> bytes:
    """One DOCX as PDF; see `all_to_pdf`."""
    return all_to_pdf([content])[0]


def all_to_pdf(contents: Sequence[bytes]) -> list[bytes]:
    """These DOCX as PDF, in one run of LibreOffice.

    Takes a second or two for the run and a fraction of one for each file. Raises ConversionFailed if LibreOffice is not installed,
    is busy for others for longer than 20 seconds, takes longer than a minute, or makes no PDF.
    """
    soffice = program()
    if soffice is None:
        raise ConversionFailed(
            "documents.converter_missing",
            "PDF needs LibreOffice, which is not installed on the server. Take the DOCX, or ask the operator to install libreoffice-writer-nogui.",
        )
    with _slot(), tempfile.TemporaryDirectory(prefix="fangxin-pdf-") as folder:
        work = Path(folder)
        sources = []
        for number, content in enumerate(contents):
            sources.append(work / f"{number}.docx")
            sources[-1].write_bytes(content)
        _run(soffice, work, sources)
        made = [source.with_suffix(".pdf") for source in sources]
        if not all(path.is_file() and path.stat().st_size for path in made):
            raise ConversionFailed("documents.converter_failed", "LibreOffice made no PDF. Take the DOCX, or try again later.")
        return [path.read_bytes() for path in made]


def _run(soffice: str, work: Path, sources: Sequence[Path]) -> None:
    profile = work / "profile"
    fonts = work / "fonts.conf"
    fonts.write_text(_font_rules(), "utf-8")
    command = [
        soffice,
        f"-env:UserInstallation={profile.as_uri()}",
        "--headless",
        "--norestore",
        "--nologo",
        "--nolockcheck",
        "--convert-to",
        "pdf",
        "--outdir",
        str(work),
        *map(str, sources),
    ]
    environment = {name: os.environ[name] for name in ("PATH", "LANG", "LC_ALL", "SYSTEMROOT") if name in os.environ}
    environment |= {"HOME": str(work), "TMPDIR": str(work), "FONTCONFIG_FILE": str(fonts), "SAL_USE_VCLPLUGIN": "svp"}
    with subprocess.Popen(  # noqa: S603 -- a fixed command over files of our own
        command,
        cwd=work,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    ) as process:
        try:
            process.wait(timeout=RUN_SECONDS)
        except subprocess.TimeoutExpired:
            _end(process.pid)
            raise ConversionFailed("documents.converter_slow", "LibreOffice took too long. Take the DOCX, or try again later.") from None
        except BaseException:
            _end(process.pid)
            raise


def _end(leader: int) -> None:
    """LibreOffice starts children: all of the group go."""
    with suppress(ProcessLookupError):
        os.killpg(leader, signal.SIGKILL)


@contextmanager
def _slot() -> Iterator[None]:
    """One of the places to convert in, free again when its holder ends, however that ends."""
    folder = settings.HOME / "converting"
    folder.mkdir(mode=0o700, exist_ok=True)
    until = time.monotonic() + WAIT_SECONDS
    while True:
        for number in range(AT_ONCE):
            file = os.open(folder / f"{number}.lock", os.O_RDWR | os.O_CREAT, 0o600)
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                os.close(file)
                continue
            try:
                yield
            finally:
                os.close(file)
            return
        if time.monotonic() >= until:
            raise ConversionFailed(
                "documents.converter_busy", "Too many PDFs are being made at the moment. Take the DOCX, or try again in a minute."
            )
        time.sleep(0.2)


def _font_rules() -> str:
    rules = []
    for wanted, others in SUBSTITUTES.items():
        names = "".join(f"<family>{escape(name)}</family>" for name in others)
        rules.append(f'<alias binding="same"><family>{escape(wanted)}</family><accept>{names}</accept></alias>')
    head = '<?xml version="1.0"?><!DOCTYPE fontconfig SYSTEM "fonts.dtd"><fontconfig><include ignore_missing="yes">/etc/fonts/fonts.conf</include>'
    return head + "".join(rules) + "</fontconfig>"
