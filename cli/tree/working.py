"""The files below the paths that a person names, listed as Git would commit them."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from cli.tree.reading import Listing
from shared.domain.release import LINK, REGULAR, SUBMODULE, TreeEntry

_GIT: Final = ".git"


def working_files(paths: Sequence[Path]) -> Listing:
    """List whatever is below some paths, dot files too; links are listed, and not followed.

    Raises:
        OSError: a path does not exist, or a folder cannot be read.
    """
    root = _root(paths)
    entries = dict.fromkeys(entry for path in paths for entry in (*_links(path, root), *_below(path)))
    return Listing(
        tuple(entries),
        tuple(map(str, paths)),
        lambda chosen: [Path(entry.path).read_bytes() for entry in chosen],
        lambda path: os.path.relpath(path, root),
    )


def _root(paths: Sequence[Path]) -> Path:
    """Find the clone that holds the first path, or stay in the working directory."""
    absolute = paths[0].absolute()
    return next((folder for folder in (absolute, *absolute.parents) if (folder / _GIT).exists()), Path.cwd())


def _links(path: Path, root: Path) -> Iterator[TreeEntry]:
    """List the links of the clone on the way to a path: in their place another folder would be deployed.

    Outside of it they are the person's own: `/dev/fd/63`, in which a shell hands over what a command prints.
    """
    for each in (path, *path.parents):
        if each.is_symlink() and root in each.absolute().parents:
            yield _entry(each, LINK)


def _below(path: Path) -> Iterator[TreeEntry]:
    if not path.exists():
        raise FileNotFoundError(f"{path}: there is no such file or folder")
    if not path.is_dir():
        yield _entry(path, REGULAR)
        return
    for folder, folders, files in os.walk(path, onerror=_refuse):
        here = Path(folder)
        nested = {name for name in folders if (here / name / _GIT).exists()}
        links = {name for name in (*folders, *files) if (here / name).is_symlink()}
        yield from (_entry(here / name, LINK) for name in sorted(links))
        yield from (_entry(here / name, SUBMODULE) for name in sorted(nested - links))
        regular = (here / name for name in sorted(set(files) - links - {_GIT}))
        yield from (_entry(file, REGULAR) for file in regular if file.is_file())
        folders[:] = sorted(set(folders) - links - nested - {_GIT})


def _refuse(error: OSError) -> None:
    raise error


def _entry(path: Path, mode: str) -> TreeEntry:
    return TreeEntry(path.as_posix(), mode, "")
