"""Write the staged tree: one folder and one archive for each function, the same bytes each time."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Final

from infra.staging.archive import archive
from infra.staging.distributions import distributions_of
from infra.staging.failure import StagingError
from infra.staging.lock import cut, read_lock
from infra.staging.modules import needs_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from packaging.utils import NormalizedName

_MARK: Final = ".staged"
_HEADER: Final = "# Cut out of the repository's requirements.txt by `python -m infra.staging`.\n"
_EPOCH_S: Final = 315_532_800  # 1980-01-01, the oldest that a zip archive can say


def stage(root: Path, out: Path) -> list[str]:
    """Stage every folder of `functions/` that has a main.py into `out`, replacing what was staged there before.

    `out` is built aside and renamed into place once all functions are complete, so that it never holds half of them.

    Returns:
        The names of the functions, in lexical order.

    Raises:
        StagingError: nothing to stage, a source that cannot be staged, or an `out` that holds something else.
    """
    mains = sorted(path.relative_to(root) for path in root.glob("functions/*/main.py"))
    if not mains:
        raise StagingError(f"{root / 'functions'} holds no folder with a main.py")
    if out.exists() and not (out / _MARK).is_file():
        raise StagingError(
            f"{out} was not made by staging, so it is not replaced; move it away or choose another --out"
        )
    lock = read_lock((root / "requirements.txt").read_text())
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{out.name}-", dir=out.parent) as aside:
        fresh = Path(aside, "fresh")
        contents = {Path(_MARK): b""}
        for main in mains:
            function = _contents(root, main, lock)
            contents[Path(f"{main.parent.name}.zip")] = archive(function)
            contents |= {Path(main.parent.name, path): content for path, content in function.items()}
        _write(fresh, contents)
        _swap(fresh, out, old=Path(aside, "old"))
    return [main.parent.name for main in mains]


def _contents(root: Path, main: Path, lock: Mapping[NormalizedName, str]) -> dict[Path, bytes]:
    needs = needs_of(root, main)
    requirements = _HEADER + cut(lock, distributions_of(needs.third_party))
    staged = {file: (root / file).read_bytes() for file in needs.files}
    return staged | {Path("main.py"): (root / main).read_bytes(), Path("requirements.txt"): requirements.encode()}


def _write(folder: Path, contents: Mapping[Path, bytes]) -> None:
    for path, content in sorted(contents.items()):
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
        target.chmod(0o644)
    # An archive made of the tree carries modes and times too, and its hash decides whether to deploy again.
    for written in [folder, *folder.rglob("*")]:
        if written.is_dir():
            written.chmod(0o755)
        os.utime(written, (_EPOCH_S, _EPOCH_S))


def _swap(fresh: Path, out: Path, *, old: Path) -> None:
    if out.exists():
        out.rename(old)
    fresh.rename(out)
    shutil.rmtree(old, ignore_errors=True)
