"""Write provider_arguments.json: what the Google provider takes and gives for each type that infra/ uses.

The source is the archive in the package cdktn-provider-google 20.3.0, which was generated from the schema of provider
7.46.0, the first release after 7.45 that it was made for; every entry names its page in the registry's documentation.
What 7.46 added would pass here and be refused by 7.45. infra/ takes `~> 7.45`, of which `terraform init` chooses the
newest, so it is 7.46 or later that anybody runs; whoever pins 7.45.0 itself is told by `terraform validate`.

    pip download --no-deps cdktn-provider-google==20.3.0
    unzip -j cdktn_provider_google-20.3.0-*.whl '*.jsii.tgz' && tar xzf provider-google@20.3.0.jsii.tgz
    python -m tests.infra.provider.extract package/lib
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

_ROOT: Final = Path(__file__).parents[3]
ARGUMENTS: Final = Path(__file__).with_name("provider_arguments.json")
_PAGE: Final = "https://registry.terraform.io/providers/hashicorp/google/7.46.0/docs"

_USED: Final = re.compile(r'^(resource|data) "google_(\w+)"', re.MULTILINE)
_CLASS: Final = re.compile(r"^class (\w+) extends cdktn\.\w+ \{(.*?)^\}", re.MULTILINE | re.DOTALL)
_FIELD: Final = re.compile(
    r"// (\w+) - computed: (\w+), optional: (\w+), required: (\w+)\n"
    r"(?:    _\w+(?: = new ([\w.]+)\([^\n]*)?;\n)?"
    r"    get \w+\(\) \{\n\s+return ([^\n]+?);"
)
_WRITTEN: Final = re.compile(
    r"^ {8,12}(\w+): \{\n\s+value: ([^\n]*),\n\s+isBlock: (\w+),\n\s+type: \"(\w+)\",\n\s+storageClassType: \"(\w+)\"",
    re.MULTILINE,
)
_SCALARS: Final = {"String": "string", "Number": "number", "Boolean": "bool"}


class _Bindings:
    """The generated module of one resource or data source."""

    def __init__(self, module: Path) -> None:
        # The large ones are split over several files.
        source = re.sub(
            r"\b(?:index|structs\d*)_\d+\.", "", "\n".join(path.read_text() for path in sorted(module.rglob("*.js")))
        )
        self._classes = dict(_CLASS.findall(source))
        structs = re.findall(r"^function (\w+)ToHclTerraform\(struct\) \{(.*?)^\}", source, re.MULTILINE | re.DOTALL)
        self._written = {name.lower(): _written(body) for name, body in structs}

    def root(self) -> dict[str, Any]:
        """Read the block of the resource itself: the last class."""
        body = next(body for body in self._classes.values() if "synthesizeHclAttributes" in body)
        block = self._block(body, _written(body[body.index("synthesizeHclAttributes") :]))
        block["attributes"]["id"] = "computed string"  # the bindings cannot tell that nobody may set it
        return block

    def _block(self, body: str, written: dict[str, tuple[str, ...]]) -> dict[str, Any]:
        attributes: dict[str, str] = {}
        blocks: dict[str, Any] = {}
        for name, computed, optional, required, kind, getter in _FIELD.findall(body):
            if name == "timeouts":
                continue
            how = [
                word
                for word, so in (("required", required), ("optional", optional), ("computed", computed))
                if so == "true"
            ]
            if name in written and written[name][1] == "true":
                blocks[name] = self._nested(kind, written[name], required=required == "true")
            else:
                attributes[name] = " ".join([*how, self._type(kind, getter, written.get(name))])
        return {"attributes": attributes, "blocks": blocks}

    def _nested(self, kind: str, written: tuple[str, ...], *, required: bool) -> dict[str, Any]:
        element = re.sub(r"(OutputReference|List|Map)$", "", kind)
        block = self._block(self._classes[f"{element}OutputReference"], self._written.get(element.lower(), {}))
        many = "listMapperHcl" in written[0]
        return {"nesting": written[2], "min": int(required), "max": 0 if many else 1, **block}

    def _type(self, kind: str, getter: str, written: tuple[str, ...] | None) -> str:
        if scalar := re.search(r"get(String|Number|Boolean)Attribute", getter):
            return _SCALARS[scalar[1]]
        if listed := re.search(r"get(String|Number)?(List|Map)Attribute|Fn\.tolist\(this\.getListAttribute", getter):
            collection = "set" if "tolist" in getter else (listed[2] or "List").lower()
            return f"{collection}({_SCALARS.get(listed[1] or 'String')})"
        if simple := re.fullmatch(r"cdktn\.(\w+?)(List|Map)", kind):
            return f"{simple[2].lower()}({_SCALARS.get(simple[1], 'string')})"
        element = re.sub(r"(OutputReference|List)$", "", kind)
        fields = self._block(self._classes[f"{element}OutputReference"], self._written.get(element.lower(), {}))
        members = ",".join(f"{name}={how.rpartition(' ')[2]}" for name, how in fields["attributes"].items())
        return f"{written[2] if written else 'list'}(object({members}))"


def _written(body: str) -> dict[str, tuple[str, ...]]:
    return {name: tuple(rest) for name, *rest in _WRITTEN.findall(body)}


def used() -> Iterator[tuple[str, str]]:
    """Find the types that the Terraform files use: `("resource", "pubsub_topic")`."""
    for path in sorted((_ROOT / "infra").rglob("*.tf")):
        yield from _USED.findall(path.read_text())


def main(library: Path) -> None:
    """Write the file anew."""
    entries: dict[str, Any] = {"resource": {}, "data": {}}
    for kind, name in sorted(set(used())):
        module = ("data-google-" if kind == "data" else "") + name.replace("_", "-")
        page = f"{_PAGE}/{'data-sources' if kind == 'data' else 'resources'}/{name}"
        entries[kind][f"google_{name}"] = {"source": page, **_Bindings(library / module).root()}
    ARGUMENTS.write_text(json.dumps(entries, indent=1, sort_keys=True) + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
