"""Sound recordings: every byte is accounted for, tags that tell who and where are taken out, nothing else is kept. Pure."""

import struct
from typing import Final

from fangxin.files.sniffing import AMR, AMR_WB, M4A, MP3, OGG, WAV
from fangxin.kernel.errors import BadInput

_FEWEST_FRAMES: Final = 3


def rebuilt(content: bytes, media_type: str) -> bytes:
    """The recording as a new file of its frames or chunks alone.

    MP3, WAV: tags and everything else that is no sound are left out. M4A: boxes with tags (the place of the recording among them)
    are blanked where they stand, since others point past them. AMR, Ogg: must be whole as they are. Raises BadInput for what is
    no such recording from its first byte to its last, or has a picture track.
    """
    try:
        return {MP3: _mp3, WAV: _wav, AMR: _amr, AMR_WB: _amr, OGG: _ogg, M4A: _m4a}[media_type](content)
    except (struct.error, IndexError) as error:
        raise _damaged() from error


def _damaged() -> BadInput:
    return BadInput(
        "files.sound_damaged", "The recording can't be read: it is damaged, or there is something in it that does not belong there."
    )


# --- MP3: a row of frames between tags ---------------------------------------------------------------------------------------

_BITRATES: Final = {
    3: (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),  # MPEG-1
    2: (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),  # MPEG-2 and 2.5
}
_RATES: Final = {3: (44100, 48000, 32000), 2: (22050, 24000, 16000), 0: (11025, 12000, 8000)}


def _mp3(content: bytes) -> bytes:
    position, end = _past_id3v2(content), len(content)
    if content[end - 128 : end - 125] == b"TAG":
        end -= 128
    if content[end - 32 : end - 24] == b"APETAGEX":
        size, _items, flags = struct.unpack_from("<III", content, end - 20)
        end -= size + (32 if flags & 0x80000000 else 0)
    frames = []
    while position < end:
        if content[position] == 0 and not content[position:end].strip(b"\0"):
            break
        size = _frame_size(content, position)
        if position + size > end:
            break  # the recorder was switched off in the middle of it
        frames.append(content[position : position + size])
        position += size
    if len(frames) < _FEWEST_FRAMES or len({frame[1] & 0xFE for frame in frames}) != 1 or len({frame[2] & 0x0C for frame in frames}) != 1:
        raise _damaged()
    return b"".join(frames)


def _past_id3v2(content: bytes) -> int:
    position = 0
    while content[position : position + 3] == b"ID3":
        head = content[position + 5 : position + 10]
        if any(part & 0x80 for part in head[1:]):
            raise _damaged()
        size = head[1] << 21 | head[2] << 14 | head[3] << 7 | head[4]
        position += 10 + size + (10 if head[0] & 0x10 else 0)
    while content[position : position + 1] == b"\0":
        position += 1
    return position


def _frame_size(content: bytes, position: int) -> int:
    if position + 4 > len(content):
        return 4
    first, second, third = content[position], content[position + 1], content[position + 2]
    version, bitrate, rate = second >> 3 & 3, third >> 4, third >> 2 & 3
    if first != 0xFF or second & 0xE6 != 0xE2 or version == 1 or bitrate in {0, 15} or rate == 3:
        raise _damaged()
    kilobits = _BITRATES[3 if version == 3 else 2][bitrate]
    return (144_000 if version == 3 else 72_000) * kilobits // _RATES[version][rate] + (third >> 1 & 1)


# --- WAV: chunks -------------------------------------------------------------------------------------------------------------

_CODECS: Final = frozenset({1, 2, 3, 6, 7, 0x11, 0x31, 0xFFFE})


def _wav(content: bytes) -> bytes:
    chunks: dict[bytes, bytes] = {}
    position = 12
    while position + 8 <= len(content) and b"data" not in chunks:
        name, size = struct.unpack_from("<4sI", content, position)
        if name in {b"fmt ", b"fact", b"data"}:
            chunks[name] = content[position + 8 : position + 8 + size]  # a recorder that was cut off announces more than there is
        position += 8 + size + (size & 1)
    if len(chunks.get(b"fmt ", b"")) < 16 or not chunks.get(b"data") or struct.unpack_from("<H", chunks[b"fmt "])[0] not in _CODECS:
        raise _damaged()
    kept = b"".join(
        name + struct.pack("<I", len(chunks[name])) + chunks[name] + b"\0" * (len(chunks[name]) & 1)
        for name in (b"fmt ", b"fact", b"data")
        if name in chunks
    )
    return b"RIFF" + struct.pack("<I", 4 + len(kept)) + b"WAVE" + kept


# --- AMR: one byte says how long the frame is ----------------------------------------------------------------------------------

_NARROW: Final = {0: 12, 1: 13, 2: 15, 3: 17, 4: 19, 5: 20, 6: 26, 7: 31, 8: 5, 15: 0}
_WIDE: Final = {0: 17, 1: 23, 2: 32, 3: 36, 4: 40, 5: 46, 6: 50, 7: 58, 8: 60, 9: 5, 14: 0, 15: 0}


def _amr(content: bytes) -> bytes:
    head, sizes = (b"#!AMR-WB\n", _WIDE) if content.startswith(b"#!AMR-WB\n") else (b"#!AMR\n", _NARROW)
    position, frames = len(head), 0
    while position < len(content):
        size = sizes.get(content[position] >> 3 & 15)
        if size is None or content[position] & 0x83:
            raise _damaged()
        if position + 1 + size > len(content):
            break
        position += 1 + size
        frames += 1
    if frames < _FEWEST_FRAMES:
        raise _damaged()
    return content[:position]


# --- Ogg: pages --------------------------------------------------------------------------------------------------------------

_VOICES: Final = (b"OpusHead", b"\x01vorbis", b"Speex   ", b"\x7fFLAC")


def _ogg(content: bytes) -> bytes:
    position, serials = 0, set()
    while position < len(content):
        magic, version, kind, serial, segments = struct.unpack_from("<4sBBxxxxxxxxIxxxxxxxxB", content, position)
        table = content[position + 27 : position + 27 + segments]
        body = position + 27 + segments
        if magic != b"OggS" or version != 0 or len(table) != segments:
            raise _damaged()
        if kind & 2:
            serials.add(serial)
            if not content.startswith(_VOICES, body):
                raise BadInput("files.not_sound", "There is something else than sound in this recording; videos are not taken.")
        elif serial not in serials:
            raise _damaged()
        position = body + sum(table)
    if position != len(content) or not serials:
        raise _damaged()
    return content


# --- M4A: boxes in boxes -----------------------------------------------------------------------------------------------------

_TOP: Final = frozenset(
    {b"ftyp", b"styp", b"moov", b"moof", b"mdat", b"mfra", b"sidx", b"free", b"skip", b"wide", b"uuid", b"meta", b"udta"}
)
_WITHIN: Final = frozenset({b"moov", b"trak", b"mdia", b"minf", b"moof", b"traf"})
_DEEPEST: Final = 8
_BLANKED: Final = frozenset({b"udta", b"meta", b"uuid", b"free", b"skip", b"wide"})


def _m4a(content: bytes) -> bytes:
    new = bytearray(content)
    handlers: list[bytes] = []
    names = _boxes(new, 0, len(new), handlers, depth=0)
    if names[:1] != [b"ftyp"] or b"moov" not in names or b"mdat" not in names:
        raise _damaged()
    if not handlers or set(handlers) != {b"soun"}:
        raise BadInput("files.not_sound", "There is something else than sound in this recording; videos are not taken.")
    return bytes(new)


def _boxes(new: bytearray, start: int, end: int, handlers: list[bytes], *, depth: int) -> list[bytes]:
    names: list[bytes] = []
    if depth > _DEEPEST:
        raise _damaged()
    while start < end:
        size, name = struct.unpack_from(">I4s", new, start)
        head = 8
        if size == 1:
            size, head = struct.unpack_from(">Q", new, start + 8)[0], 16
        elif size == 0 and depth == 0:
            size = end - start
        if size < head or start + size > end or (depth == 0 and name not in _TOP) or (name == b"ftyp" and size > 256):
            raise _damaged()
        if name in _BLANKED:
            new[start + 4 : start + 8] = b"free"
            new[start + head : start + size] = bytes(size - head)
        elif name == b"hdlr":
            handlers.append(bytes(new[start + head + 8 : start + head + 12]))
        elif name in _WITHIN:
            _boxes(new, start + head, start + size, handlers, depth=depth + 1)
        names.append(name)
        start += size
    return names
