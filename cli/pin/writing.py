"""Writing a file whole or not at all, and only over what was read."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path


def replace_file(path: Path, before: bytes, after: bytes) -> None:
    """Put new bytes in the place of those that were read; the file keeps its mode.

    Raises:
        ValueError: somebody has edited the file since.
        OSError: it cannot be written.
    """
    file = path.resolve()  # a link stays one
    with tempfile.NamedTemporaryFile(dir=file.parent, prefix=f".{file.name}.", delete=False) as written:
        new = Path(written.name)
        try:
            written.write(after)
            written.close()
            shutil.copymode(file, new)
            _require_unchanged(file, before)
            new.replace(file)
        except BaseException:
            new.unlink()
            raise


def _require_unchanged(file: Path, before: bytes) -> None:
    if file.read_bytes() != before:
        raise ValueError(f"{file} was edited meanwhile, and is left as it is")
