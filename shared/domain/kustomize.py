"""What kustomizations make of the images in their resources: each effective image, at the place that decides it.

Rules:
* Kustomizations apply from the inside out, their entries in order, each to what the one before left. The last entry
  that sets a tag or a digest decides; without any, the resource's own line does.
* What no other kustomization includes is deployed, and so is one that stands in a configured folder itself. A
  resource below a kustomization that lists it is judged by each of its effective images, not by its line.
* A file that no kustomization lists is judged as it stands.
* `namespace` brings everything to one place; what a prefix, a suffix or a patch may have changed about it is not known.
* What is remote, missing, outside of the deployed folders, or read differently by versions of kustomize is a problem.

Source: sigs.k8s.io/kustomize api/filters/imagetag (updater.go, legacy.go) and api/image/image.go, v5.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from shared.domain import limits
from shared.domain.errors import Reason, Rejected, shown
from shared.domain.image import ImageReference
from shared.domain.image_fields import ImageField, PodPlace
from shared.domain.image_paths import ImagePaths
from shared.domain.kustomization import ImageEntry, Kustomization, Named, TagText
from shared.domain.kustomize_patches import problem_of
from shared.domain.manifests import Manifest

_SUFFIX: Final = r"(?P<tag>:[a-zA-Z0-9_.{}-]*)?(?P<digest>@sha256:[a-zA-Z0-9_.{}-]*)?"
_LOCAL: Final = re.compile(r"(?!.*//)[A-Za-z0-9._][A-Za-z0-9._ +/-]*", re.ASCII)
_REMOTE: Final = re.compile(
    r"github\.com|[._]git", re.IGNORECASE
)  # kustomize clones these before it looks for a folder


@dataclass(frozen=True, slots=True)
class _Image:
    """An image of a resource as it is now, where it runs, and the path and the entry that decided its tag, if any."""

    field: ImageField
    value: str
    pod: PodPlace
    decided: tuple[str, TagText] | None = None


def effective(manifests: Iterable[Manifest], folders: Collection[str], image_paths: ImagePaths) -> tuple[Manifest, ...]:
    """Put the effective images of a whole tree in the place of those that kustomizations override."""
    read = tuple(manifests)
    if all(manifest.kustomization is None for manifest in read):
        return read
    tree = _Tree(read, image_paths)
    tree.deploy(frozenset(map(posixpath.normpath, folders)))
    return tuple(map(tree.as_deployed, read))


class _Tree:
    """The files of a tree, and what is found out about them."""

    def __init__(self, manifests: Sequence[Manifest], image_paths: ImagePaths) -> None:
        self._files = {posixpath.normpath(m.path): m for m in manifests if m.kustomization is None}
        self._kustomizations: dict[str, Manifest] = {}
        self._problems: dict[str, list[Rejected]] = {}
        self._images: dict[str, dict[ImageField, dict[PodPlace, None]]] = {}
        self._made: dict[str, tuple[_Image, ...] | None] = {}
        self._included: set[str] = set()
        self._listed: set[str] = set()
        self._patches: set[str] = set()
        self._image_paths = image_paths
        self._work = 0
        self._done = 0
        for manifest in manifests:
            if manifest.kustomization is not None:
                self._add(manifest)

    def _add(self, manifest: Manifest) -> None:
        folder = posixpath.dirname(posixpath.normpath(manifest.path)) or "."
        if folder in self._kustomizations:
            self._problem(manifest, None, "a folder has one kustomization, and this has another")
        self._kustomizations.setdefault(folder, manifest)

    def deploy(self, folders: frozenset[str]) -> None:
        """Build every kustomization, and keep the images of those that are deployed."""
        for folder in self._kustomizations:
            self._build(folder)
        for folder, manifest in self._kustomizations.items():
            if folder in folders or folder not in self._included:
                for image in self._made[folder] or ():
                    self._keep(image, manifest)

    def as_deployed(self, manifest: Manifest) -> Manifest:
        """Answer a manifest with its effective images and all of its problems."""
        path = posixpath.normpath(manifest.path)
        problems = (*manifest.problems, *self._problems.get(manifest.path, ()))
        if path in self._patches - self._listed:
            return replace(manifest, images=(), problems=())
        if manifest.kustomization is None and path not in self._listed:
            return manifest
        found = self._images.get(manifest.path, {})
        images = (replace(image, pods=tuple(pods)) for image, pods in found.items())
        return replace(manifest, images=tuple(sorted(images, key=lambda image: image.start)), problems=problems)

    def _build(self, folder: str) -> tuple[_Image, ...]:
        """Build one kustomization, once; None stands for one that is being built."""
        if folder not in self._made:
            self._made[folder] = None
            manifest = self._kustomizations[folder]
            kustomization = manifest.kustomization or Kustomization()
            found = dict.fromkeys(i for r in kustomization.resources for i in self._resource(r, folder, manifest))
            self._look_at_patches(kustomization, folder, manifest)
            moved = [replace(image, pod=kustomization.moved(image.pod)) for image in found]
            self._made[folder] = tuple(dict.fromkeys(self._overridden(moved, kustomization, manifest)))
            self._done += 1
        return self._made[folder] or ()

    def _resource(self, named: Named, folder: str, manifest: Manifest) -> Iterable[_Image]:
        path = _resolved(named.name, folder)
        if path in self._files and _is_below(path, folder):
            self._listed.add(path)
            return [_Image(field, field.source, pod) for field in self._files[path].images for pod in field.pods]
        if path not in self._kustomizations:
            why = f"{shown(named.name)} is remote, missing, outside of this folder or of all that is deployed"
            self._problem(manifest, named.line, why)
            return ()
        self._included.add(path)
        if path in self._made and self._made[path] is None:
            self._problem(manifest, named.line, f"{shown(named.name)} includes this kustomization itself")
        elif len(self._made) - self._done >= limits.KUSTOMIZE_DEPTH:
            self._problem(
                manifest, named.line, f"there are more than {limits.KUSTOMIZE_DEPTH} levels of kustomizations"
            )
            return ()
        return self._build(path)

    def _look_at_patches(self, kustomization: Kustomization, folder: str, manifest: Manifest) -> None:
        for patch in kustomization.patches:
            path = _resolved(patch.path, folder)
            file = self._files.get(path) if _is_below(path, folder) else None
            if patch.path and file is None:
                why: str | None = f"the patch {shown(patch.path)} is missing, or outside of this folder"
            else:
                text = patch.text if file is None else file.text
                why = problem_of(patch, text, self._image_paths)
            if why is not None:
                self._problem(manifest, patch.line, f"this patch may change images: {why}")
            elif file is not None:
                self._patches.add(path)

    def _overridden(
        self, images: Iterable[_Image], kustomization: Kustomization, manifest: Manifest
    ) -> Iterable[_Image]:
        found = list(images)
        self._work += len(found) * len(kustomization.images)
        if self._work > limits.KUSTOMIZE_STEPS or len(found) > limits.KUSTOMIZE_IMAGES:
            self._problem(manifest, None, "it has too many images and entries to be judged")
            return ()
        for entry in kustomization.images:
            if entry.is_understood:
                found = [self._apply(entry, image, manifest) for image in found]
            else:
                # Whatever becomes of these images, it is not what they say; the problem is told where it was found.
                found = [image for image in found if entry.name and not _matches(entry.name, image.value)]
        return found

    def _apply(self, entry: ImageEntry, image: _Image, manifest: Manifest) -> _Image:
        """Override an image as kustomize does (imagetag/updater.go)."""
        matched = re.fullmatch(re.escape(entry.name) + _SUFFIX, image.value)
        if not _matches(entry.name, image.value):
            return image
        if matched is None or not image.field.is_container:
            why = f"whether {shown(entry.name)} overrides {image.field.place} depends on the version of kustomize"
            self._problem(manifest, entry.line, why)
            return image
        name, tag, digest = entry.new_name or entry.name, matched["tag"] or "", matched["digest"] or ""
        if entry.decides is None:
            return replace(image, value=f"{name}{tag}{digest}")
        tag = f":{entry.new_tag}" if entry.new_tag else ""
        digest = f"@{entry.digest}" if entry.digest else ""
        return replace(image, value=f"{name}{tag}{digest}", decided=(manifest.path, entry.decides))

    def _keep(self, image: _Image, manifest: Manifest) -> None:
        try:
            reference = ImageReference.parse(image.value)
        except Rejected as error:
            line = image.decided[1].line if image.decided is not None and image.decided[0] == manifest.path else None
            self._problem(manifest, line, f"{image.field.place} becomes: {error.detail}", error.reason)
            return
        kept = replace(image.field, reference=reference) if image.decided is None else _entry(*image.decided, reference)
        self._images.setdefault(kept.path, {}).setdefault(replace(kept, pods=()), {})[image.pod] = None

    def _problem(self, manifest: Manifest, line: int | None, why: str, reason: Reason = Reason.NOT_UNDERSTOOD) -> None:
        place = manifest.path if line is None else f"{manifest.path} line {line}"
        found = self._problems.setdefault(manifest.path, [])
        problem = Rejected(reason, f"{place}: {why}")
        if all(problem.detail != known.detail for known in found):
            found.append(problem)


def _matches(name: str, image: str) -> bool:
    """Whether some version of kustomize takes an image for one of this name: it puts the name into a pattern."""
    return any(re.fullmatch(each + _SUFFIX, image) for each in (name, re.escape(name)))


def _is_below(path: str, folder: str) -> bool:
    """Whether kustomize loads a file for a kustomization in a folder, by default."""
    return not path.startswith(("../", "/")) if folder == "." else path.startswith(f"{folder}/")


def _resolved(name: str, folder: str) -> str:
    """The path that a name leads to; what may be remote leads nowhere."""
    if not _LOCAL.fullmatch(name) or _REMOTE.search(name):
        return ""
    return posixpath.normpath(posixpath.join(folder, name))


def _entry(path: str, text: TagText, reference: ImageReference) -> ImageField:
    """Make the field of an entry that decides an image."""
    return ImageField(
        path,
        text.line,
        text.start,
        text.end,
        reference=reference,
        follows=reference.tag or text.comment.tag,
        comment=text.comment,
        block=text.block,
        source=text.source,
        pattern=text.pattern,
        is_frozen=text.is_frozen,
        keys=text.keys,
    )
