"""One function's folder as the archive that Terraform uploads: the same files, the same bytes, wherever it is made."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Final

_EPOCH: Final = (1980, 1, 1, 0, 0, 0)  # the oldest that a zip archive can say
_UNIX: Final = 3
_READABLE: Final = 0o100644 << 16


def archive(contents: Mapping[Path, bytes]) -> bytes:
    """Pack files by their paths. Uncompressed, for compressors of different versions write different bytes."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_STORED) as file:
        for path, content in sorted(contents.items()):
            entry = zipfile.ZipInfo(path.as_posix(), _EPOCH)
            entry.create_system = _UNIX
            entry.external_attr = _READABLE
            file.writestr(entry, content)
    return packed.getvalue()
