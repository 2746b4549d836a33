"""Files for the tests, made byte by byte: honest ones of each kind, and what an attacker would send."""

import io
import struct
import wave
import zipfile
import zlib

from PIL import Image

PLACE = (35.4142, 116.5871)
SECRET = b"35.4142-116.5871"


def picture(format_: str = "JPEG", *, size: tuple[int, int] = (40, 30), mode: str = "RGB", **options) -> bytes:
    """A picture with a red left half, so that turning it shows."""
    image = Image.new(mode, size, 255 if mode in {"L", "1"} else (20, 60, 200) if mode == "RGB" else None)
    if mode == "RGB":
        image.paste((220, 30, 30), (0, 0, size[0] // 2, size[1]))
    target = io.BytesIO()
    image.save(target, format_, **options)
    return target.getvalue()


def photo(format_: str = "JPEG", *, orientation: int = 1) -> bytes:
    """A picture as a telephone makes it: with the place, the maker and a comment."""
    exif = Image.Exif()
    exif[0x010F] = "Jining Phone"
    exif[0x0112] = orientation
    exif[0x8825] = {1: "N", 2: (35.0, 24.0, 51.1), 3: "E", 4: (116.0, 35.0, 13.6)}
    exif[0x9286] = SECRET
    options = {"comment": b"taken by Lin Xiaomei"} if format_ == "JPEG" else {}
    return (
        picture(format_, exif=exif.tobytes(), xmp=b"<x:xmpmeta>" + SECRET + b"</x:xmpmeta>", **options)
        if format_ != "PNG"
        else picture(format_, exif=exif.tobytes())
    )


def animation(format_: str = "GIF", frames: int = 3) -> bytes:
    pictures = [Image.new("RGB", (20, 20), (number * 60 % 256, number % 250, number // 250 * 90)) for number in range(frames)]
    target = io.BytesIO()
    pictures[0].save(target, format_, save_all=True, append_images=pictures[1:], duration=120)
    return target.getvalue()


def archive(name: str = "shell.php", content: str = "<?php system($_GET[0]);") -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as file:
        file.writestr(name, content)
    return target.getvalue()


def bomb() -> bytes:
    """A PNG of 65,000 × 65,000 pixels in a few hundred bytes."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    head = struct.pack(">IIBBBBB", 65_000, 65_000, 1, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(bytes(10_000))) + chunk(b"IEND", b"")


# --- sound -------------------------------------------------------------------------------------------------------------------


def mp3(frames: int = 5, *, tag: bytes = b"", after: bytes = b"") -> bytes:
    frame = b"\xff\xfb\x90\x00" + bytes(413)
    size = len(tag)
    head = b"ID3\x04\0\0" + bytes((size >> 21 & 127, size >> 14 & 127, size >> 7 & 127, size & 127)) + tag if tag else b""
    return head + frame * frames + after


def wav(*, extra: bytes = b"") -> bytes:
    target = io.BytesIO()
    with wave.open(target, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(bytes(range(200)))
    return target.getvalue() + extra


def amr(*, after: bytes = b"") -> bytes:
    return b"#!AMR\n" + (b"\x3c" + bytes(31)) * 4 + after


def amr_wide() -> bytes:
    return b"#!AMR-WB\n" + (b"\x04" + bytes(17)) * 4


def ogg(voice: bytes = b"OpusHead\x01\x01\0\0\x80\xbb\0\0\0\0\0", *, after: bytes = b"") -> bytes:
    def page(kind: int, number: int, body: bytes) -> bytes:
        return struct.pack("<4sBBQIIIB", b"OggS", 0, kind, 0, 7, number, 0, 1) + bytes((len(body),)) + body

    return page(2, 0, voice) + page(0, 1, b"OpusTags" + bytes(20)) + page(4, 2, bytes(100)) + after


def box(name: bytes, *parts: bytes) -> bytes:
    content = b"".join(parts)
    return struct.pack(">I", 8 + len(content)) + name + content


def m4a(*handlers: bytes, place: bytes = SECRET, after: bytes = b"") -> bytes:
    tracks = [box(b"trak", box(b"mdia", box(b"hdlr", bytes(8), handler, bytes(12)), box(b"minf"))) for handler in handlers or (b"soun",)]
    return (
        box(b"ftyp", b"M4A \0\0\0\0")
        + box(b"moov", box(b"mvhd", bytes(100)), *tracks, box(b"udta", box(b"\xa9xyz", place)))
        + box(b"free", b"<?php system($_GET[0]);")
        + box(b"mdat", bytes(300))
        + after
    )


# --- PDF ---------------------------------------------------------------------------------------------------------------------


def pdf(*objects: bytes, version: bytes = b"1.7", before: bytes = b"", after: bytes = b"", trailer: bytes = b"") -> bytes:
    """A PDF of one empty page and further objects (from number 4 on); `trailer` is added to the trailer's dictionary."""
    first = (
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] >>",
    )
    content = before + b"%PDF-" + version + b"\n%\xe2\xe3\xcf\xd3\n"
    places = []
    for number, item in enumerate((*first, *objects), 1):
        places.append(len(content))
        content += b"%d 0 obj\n" % number + item + b"\nendobj\n"
    start = len(content)
    content += b"xref\n0 %d\n0000000000 65535 f \n" % (len(places) + 1)
    content += b"".join(b"%010d 00000 n \n" % place for place in places)
    content += b"trailer\n<< /Size %d /Root 1 0 R " % (len(places) + 1) + trailer + b">>\nstartxref\n%d\n%%%%EOF\n" % start
    return content + after


def stream(content: bytes, entries: bytes = b"") -> bytes:
    return b"<< /Length %d " % len(content) + entries + b">>\nstream\n" + content + b"\nendstream"


def packed(content: bytes, entries: bytes = b"/Type /ObjStm /N 1 /First 4 ", filter_: bytes = b"/Filter /FlateDecode ") -> bytes:
    """An object stream holding object 9."""
    return stream(zlib.compress(b"9 0 " + content), entries + filter_)
