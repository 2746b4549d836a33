"""Notices as files (文件通道): one JSON each, for their owner only; the default of a machine without a gateway."""

import contextlib
import json
import os
from dataclasses import asdict
from pathlib import Path

from fangxin.notices.gateways import NotTaken, Parcel
from fangxin.notices.states import Failure


class FileGateway:
    """Writes each parcel whole or not at all; the same parcel again replaces its file."""

    repeatable = True

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def send(self, parcel: Parcel) -> None:
        """Write `<channel>-<id>.json`, mode 0600, in a folder of mode 0700."""
        name = f"{parcel.channel}-{parcel.id}.json"
        temporary = self.folder / f".{name}.{os.getpid()}"
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
                json.dump(asdict(parcel), file, ensure_ascii=False, indent=1)
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(self.folder / name)
        except OSError as error:
            with contextlib.suppress(OSError):
                temporary.unlink(missing_ok=True)
            raise NotTaken(Failure.UNREACHABLE, error.errno) from error
