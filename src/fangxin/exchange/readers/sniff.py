"""Which type a file is, by its content: names lie (HTML saved as .xls is the most common export of all)."""

import zipfile
from pathlib import Path

from fangxin.kernel.errors import BadInput

HEAD = 8192
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
SIGNATURES: tuple[tuple[bytes, str, str], ...] = (
    (b"%PDF", "exchange.is_pdf", "This is a PDF, not a table: ask for the list as .xlsx or .csv."),
    (b"{\\rtf", "exchange.is_rtf", "This is a text document (RTF), not a table: ask for the list as .xlsx or .csv."),
    (b"\x89PNG", "exchange.is_image", "This is a picture, not a table: ask for the list as .xlsx or .csv."),
    (b"\xff\xd8\xff", "exchange.is_image", "This is a picture, not a table: ask for the list as .xlsx or .csv."),
    (b"Rar!", "exchange.is_archive", "This is a compressed archive: unpack it and give the table inside."),
    (b"7z\xbc\xaf", "exchange.is_archive", "This is a compressed archive: unpack it and give the table inside."),
    (b"\x1f\x8b", "exchange.is_archive", "This is a compressed archive: unpack it and give the table inside."),
)
HTML = (b"<html", b"<!doctype html", b"<table", b"<head", b"<meta", b"<style", b"<body", b"<div", b"mime-version:")


def kind(path: Path) -> str:
    """`xlsx`, `xls` or `csv`; raises BadInput, in one clear sentence, for what can't be read as a table."""
    with path.open("rb") as file:
        head = file.read(HEAD)
    if not head:
        raise BadInput("exchange.empty_file", "The file is empty.")
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return _zip(path)
    if head.startswith(OLE):
        return _ole(path)
    for signature, code, message in SIGNATURES:
        if head.startswith(signature):
            raise BadInput(code, message)
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    if start.startswith(HTML) or b"<html" in start[:2048]:
        raise BadInput("exchange.is_html", "This is a web page saved under the name of a spreadsheet: open it and save it as .xlsx.")
    if start.startswith(b"<?xml"):
        raise BadInput("exchange.is_xml", "This is an XML file: open it in a spreadsheet program and save it as .xlsx.")
    if start.startswith((b'{"', b"[{")):
        raise BadInput("exchange.is_json", "This is a JSON file, not a table: ask for the list as .xlsx or .csv.")
    if not head.startswith((b"\xff\xfe", b"\xfe\xff")) and head.count(0) * 10 > len(head):
        raise BadInput("exchange.is_binary", "This is not a table: .xlsx, .xls and .csv are read.")
    return "csv"


def _zip(path: Path) -> str:
    try:
        with zipfile.ZipFile(path) as archive:
            names = set(archive.namelist())
    except (zipfile.BadZipFile, OSError, ValueError) as error:
        raise truncated() from error
    if "xl/workbook.xml" in names:
        return "xlsx"
    if any(name.startswith("word/") for name in names):
        raise BadInput("exchange.is_docx", "This is a Word document, not a table: ask for the list as .xlsx or .csv.")
    if "xl/workbook.bin" in names:
        raise BadInput("exchange.is_xlsb", "This is a binary workbook (.xlsb): save it as .xlsx.")
    if "mimetype" in names:
        raise BadInput("exchange.is_ods", "This is an OpenDocument file: save it as .xlsx.")
    if any(name.startswith("xl/") for name in names):
        return "xlsx"  # a workbook under another name; the package's relations tell
    raise BadInput("exchange.is_archive", "This is a compressed archive: unpack it and give the table inside.")


def _ole(path: Path) -> str:
    """Old Office files and password-protected new ones are both OLE containers; the names of their streams tell them apart."""
    with path.open("rb") as file:
        tail = b""
        names = {stream: stream.encode("utf-16-le") for stream in ("EncryptedPackage", "WordDocument", "Workbook", "Book")}
        found = set()
        while chunk := file.read(1 << 20):
            window = tail + chunk
            found |= {stream for stream, name in names.items() if name in window}
            tail = window[-64:]
    if "EncryptedPackage" in found:
        raise protected()
    if found & {"Workbook", "Book"}:
        return "xls"
    if "WordDocument" in found:
        raise BadInput("exchange.is_docx", "This is a Word document, not a table: ask for the list as .xlsx or .csv.")
    raise BadInput("exchange.is_binary", "This is not a table: .xlsx, .xls and .csv are read.")


def truncated() -> BadInput:
    """The refusal of a zip that ends too early."""
    return BadInput("exchange.truncated", "The file is incomplete or damaged: it was probably cut off in transfer. Ask for it again.")


def protected() -> BadInput:
    """The refusal of what can't be opened without a password."""
    return BadInput("exchange.protected", "The file is protected by a password: save it without one.")
