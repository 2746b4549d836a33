"""PDF files are read as far as it takes to know that nothing in them acts, hides or is appended; nothing is executed. Pure.

Every byte must belong to an object, the cross-reference table, a trailer or a comment. The names in all objects are looked at,
also in those that lie packed in object streams. What a lenient reader could find elsewhere (an object inside a string, a stream
or a comment, to which a forged table points) is refused wherever it stands.
"""

import re
import zlib
from collections.abc import Iterator
from typing import Final

from fangxin.kernel.errors import BadInput

_MOST_TOKENS: Final = 3_000_000
_MOST_UNPACKED: Final = 64 << 20
_LONGEST_COMMENTS: Final = 16_384

ACTING: Final = frozenset({b"JavaScript", b"JS", b"Launch", b"SubmitForm", b"ImportData", b"Rendition", b"XFA", b"GoToE", b"GoToR", b"RichMedia",
    b"RichMediaContent", b"3D", b"Movie", b"Sound", b"Flash"})  # fmt: skip
CARRYING: Final = frozenset({b"EmbeddedFile", b"EmbeddedFiles", b"FileAttachment", b"Collection"})

_SPACE: Final = rb"[\0\t\n\f\r ]"
_HEADER = re.compile(rb"%PDF-(?:1\.[0-7]|2\.0)" + _SPACE)
_BLANK = re.compile(_SPACE + rb"*")
_COMMENT = re.compile(rb"%[^\r\n]*")
_OBJECT = re.compile(rb"[0-9]{1,10}" + _SPACE + rb"+[0-9]{1,5}" + _SPACE + rb"*obj")
_TABLE = re.compile(rb"xref(?:" + _SPACE + rb"|[0-9nf])*")
_START = re.compile(rb"startxref" + _SPACE + rb"+[0-9]+")
_TOKEN = re.compile(rb"<<|>>|[\[\]]|/[^\0\t\n\f\r ()<>\[\]{}/%]*|<[0-9A-Fa-f\0\t\n\f\r ]*>|[^\0\t\n\f\r ()<>\[\]{}/%]+")
_IN_STRING = re.compile(rb"[()\\]")
_SEEMS_OBJECT = re.compile(rb"[0-9](?:[\0\t\n\f\r ]|%[^\r\n]*[\r\n])+[0-9]+(?:[\0\t\n\f\r ]|%[^\r\n]*[\r\n])*obj\Z")
_HEX = re.compile(rb"#([0-9A-Fa-f]{2})")


class _Reader:
    """One pass over one file."""

    def __init__(self, content: bytes) -> None:
        self.content = content
        self.tokens = 0
        self.comments = 0
        self.unpacked = 0

    def check(self) -> None:
        header = _HEADER.match(self.content)
        if header is None:
            raise _damaged()
        position, ended, objects = header.end(), False, set[int]()
        while True:
            position, last = self.skip(position)
            ended = last == b"%%EOF" or (ended and not last)
            if position >= len(self.content):
                break
            ended = False
            if found := _OBJECT.match(self.content, position):
                objects.add(found.end())
                position = self.indirect(found.end())
            elif found := _TABLE.match(self.content, position) or _START.match(self.content, position):
                position = found.end()
            elif self.content.startswith(b"trailer", position):
                position = self.dictionary(position + 7)
            else:
                raise BadInput(
                    "files.pdf_foreign", "There is something in this PDF that does not belong there. Print it to a new PDF and send that."
                )
        if not ended or not objects:
            raise _damaged()
        self.no_other_objects(objects)

    def no_other_objects(self, known: set[int]) -> None:
        position = self.content.find(b"obj")
        while position >= 0:
            end = position + 3
            if end not in known and _SEEMS_OBJECT.search(self.content, max(0, position - 200), end):
                raise BadInput("files.pdf_hidden", "There are hidden parts in this PDF. Print it to a new PDF and send that.")
            position = self.content.find(b"obj", end)

    def skip(self, position: int) -> tuple[int, bytes]:
        """Past white space and comments; answers the last comment."""
        last = b""
        while True:
            position = _BLANK.match(self.content, position).end()  # type: ignore[union-attr]  # matches nothing at the least
            found = _COMMENT.match(self.content, position)
            if found is None:
                return position, last
            last, position = found[0].rstrip(), found.end()
            self.comment(len(last))

    def comment(self, length: int) -> None:
        self.comments += length
        if self.comments > _LONGEST_COMMENTS:
            raise _damaged()

    def indirect(self, position: int) -> int:
        tokens: list[bytes] = []
        for token, end in self.read(self.content, position):
            position = end
            if token == b"endobj":
                return position
            if token == b"stream":
                return self.stream(tokens, position)
            tokens.append(token)
        raise _damaged()

    def stream(self, tokens: list[bytes], position: int) -> int:
        stop = self.content.find(b"endstream", position)
        if stop < 0:
            raise _damaged()
        entries = _entries(tokens)
        if b"/F" in entries:  # the content lies in another file
            raise _unreadable()
        if {b"/N", b"/First"} <= entries.keys() or entries.get(b"/Type") == [b"/ObjStm"] or len(entries.get(b"/Type", ())) > 1:
            self.packed(entries, self.content[position:stop])
        position, _comment = self.skip(stop + len(b"endstream"))
        return position + 6 if self.content.startswith(b"endobj", position) else position

    def packed(self, entries: dict[bytes, list[bytes]], data: bytes) -> None:
        """The objects in an object stream. One that is packed in a way that is not understood is refused."""
        data = data.removeprefix(b"\r").removeprefix(b"\n")
        filters = [token for token in entries.get(b"/Filter", []) if token not in {b"[", b"]"}]
        if filters not in ([], [b"/FlateDecode"]) or entries.get(b"/DecodeParms", [b"null"]) != [b"null"]:
            raise _unreadable()
        if filters:
            unpacker = zlib.decompressobj()
            try:
                data = unpacker.decompress(data, _MOST_UNPACKED - self.unpacked)
            except zlib.error as error:
                raise _damaged() from error
            self.unpacked += len(data)
            if self.unpacked >= _MOST_UNPACKED:
                raise _too_large()
            if not unpacker.eof:
                raise _damaged()
        for _token, _end in self.read(data, 0):
            pass

    def dictionary(self, position: int) -> int:
        depth = 0
        for token, end in self.read(self.content, position):
            depth += (token == b"<<") - (token == b">>")
            if depth <= 0:
                return end
        raise _damaged()

    def read(self, content: bytes, position: int) -> Iterator[tuple[bytes, int]]:
        """Token by token, with the position after each; every name is looked at. Strings come as `()`."""
        while True:
            position = _BLANK.match(content, position).end()  # type: ignore[union-attr]  # matches nothing at the least
            if position >= len(content):
                return
            self.tokens += 1
            if self.tokens > _MOST_TOKENS:
                raise _too_large()
            if content[position] == 0x25:
                found = _COMMENT.match(content, position)
                end = found.end() if found else position + 1
                self.comment(end - position)
                position = end
                continue
            if content[position] == 0x28:
                position = _past_string(content, position + 1)
                yield b"()", position
                continue
            found = _TOKEN.match(content, position)
            if found is None:
                raise _damaged()
            token, position = found[0], found.end()
            if token[:1] == b"/":
                token = _HEX.sub(lambda code: bytes.fromhex(code[1].decode()), token) if b"#" in token else token
                _look_at(token[1:])
            yield token, position


def check(content: bytes) -> None:
    """Raises BadInput unless this is one PDF from its first byte to its last without anything that acts or is carried along.

    Encrypted ones are refused too: what can't be read can't be looked at.
    """
    _Reader(content).check()


def _look_at(name: bytes) -> None:
    if name in ACTING:
        raise BadInput(
            "files.pdf_acting",
            "There are scripts or actions in this PDF (%(what)s). Print it to a new PDF and send that.",
            what=name.decode(),
        )
    if name in CARRYING:
        raise BadInput("files.pdf_carrying", "Other files are embedded in this PDF. Print it to a new PDF and send that.")
    if name == b"Encrypt":
        raise BadInput("files.pdf_encrypted", "This PDF is protected by a password. Send it without one.")


def _entries(tokens: list[bytes]) -> dict[bytes, list[bytes]]:
    """Key → tokens of its value, of the outermost dictionary. A key that is given twice is refused: readers differ in which they take."""
    found: dict[bytes, list[bytes]] = {}
    depth, key = 0, b""
    for token in tokens:
        if depth == 0:
            if token != b"<<":
                raise _damaged()
            depth = 1
        elif depth == 1 and token == b">>":
            break
        elif depth == 1 and token[:1] == b"/" and (not key or found[key]):
            if token in found:
                raise _damaged()
            key = token
            found[key] = []
        elif not key:
            raise _damaged()
        else:
            depth += (token in {b"<<", b"["}) - (token in {b">>", b"]"})
            found[key].append(token)
    return found


def _past_string(content: bytes, position: int) -> int:
    depth = 1
    while depth:
        found = _IN_STRING.search(content, position)
        if found is None:
            raise _damaged()
        position = found.end()
        if found[0] == b"\\":
            position += 1
        else:
            depth += 1 if found[0] == b"(" else -1
    return position


def _damaged() -> BadInput:
    return BadInput("files.pdf_damaged", "The PDF is damaged, or not written as PDFs are. Print it to a new PDF and send that.")


def _unreadable() -> BadInput:
    return BadInput("files.pdf_unreadable", "Parts of this PDF can't be examined. Print it to a new PDF and send that.")


def _too_large() -> BadInput:
    return BadInput("files.pdf_too_large", "The PDF is too large inside to be examined. Print it to a new PDF and send that.")
