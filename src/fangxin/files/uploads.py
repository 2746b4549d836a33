"""How uploads come in: in memory, because a temporary file would lie on the disk in the clear; bounded while they are read."""

from io import BytesIO
from typing import Any

from django.conf import settings
from django.core.files.uploadedfile import InMemoryUploadedFile, UploadedFile
from django.core.files.uploadhandler import FileUploadHandler, SkipFile, StopUpload
from django.http import HttpRequest

REFUSED = "fangxin.files_too_large"
"""Key of `request.META` with the names of the files that were too large to be read."""
_DRAINED = 4
"""A request up to so many times the limit is read to its end, so that it can be answered with a sentence."""


class BoundedUploadHandler(FileUploadHandler):
    """Keeps files up to FANGXIN_UPLOAD_MB each and FANGXIN_UPLOAD_REQUEST_MB a request; what is larger is read past and named."""

    def __init__(self, request: HttpRequest | None = None) -> None:
        super().__init__(request)
        self.total = 0
        self.buffer = BytesIO()
        self.hopeless = False

    def handle_raw_input(self, input_data: Any, META: dict[str, Any], content_length: int, boundary: Any, encoding: Any = None) -> None:  # noqa: ARG002, N803 -- Django's signature
        """Note what is far too large."""
        self.hopeless = content_length > _DRAINED * settings.UPLOAD_REQUEST_BYTES

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        """Begin with the next file, unless the whole request is hopeless: then nothing more of it is read."""
        super().new_file(*args, **kwargs)
        self.buffer = BytesIO()
        if self.hopeless:
            self.refuse()
            raise StopUpload(connection_reset=True)

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        """Keep a piece, as long as the file and the request stay within their limits."""
        self.total += len(raw_data)
        if start + len(raw_data) > settings.UPLOAD_BYTES or self.total > settings.UPLOAD_REQUEST_BYTES:
            self.buffer = BytesIO()
            self.refuse()
            raise SkipFile
        self.buffer.write(raw_data)

    def refuse(self) -> None:
        """Name the file as too large."""
        if self.request is not None:
            self.request.META.setdefault(REFUSED, []).append(self.file_name or "")

    def file_complete(self, file_size: int) -> "UploadedFile[Any] | None":
        """The file, whole."""
        self.buffer.seek(0)
        return InMemoryUploadedFile(
            file=self.buffer,
            field_name=self.field_name,
            name=self.file_name,
            content_type=self.content_type,
            size=file_size,
            charset=self.charset,
            content_type_extra=self.content_type_extra,
        )


def too_large(request: HttpRequest) -> list[str]:
    """The names of the files of this request that were larger than is taken."""
    return list(request.META.get(REFUSED, []))
