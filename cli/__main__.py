"""The command line: choose the command, run it, exit as it says."""

from __future__ import annotations

import argparse
import importlib
import sys
import traceback
from types import ModuleType
from typing import Final

DEFECT: Final = 2
INTERRUPTED: Final = 130  # as shells say of what an interrupt ended: 128 and its number
COMMANDS: Final = {
    "admit": "say of each image in manifests whether prod's policy would admit it, or what is wrong with the policy",
    "attest": "sign images by digest with one key version, and store what was verified",
    "attestations": "list attestations, and whether each of them counts",
    "demo": "run the whole story on the stand-in cloud",
    "pin": "pin the images of manifests to their digests, or list those that are not",
    "payload": "print the exact bytes that an attestation signs",
    "reattest": "before a key goes: sign what prod runs with the next one, or list what is missing",
    "resolve": "print what image references name now",
}


def main(arguments: list[str]) -> int:
    """Run one command; answer the exit status. Nothing else is imported: `pin` need not wait for the demo's cloud."""
    parser = argparse.ArgumentParser(
        prog="prodgate", description="A release gate on Google Cloud: prod runs exactly the bytes that were tested."
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    chosen = next((argument for argument in arguments if argument in COMMANDS), None)
    for name, summary in COMMANDS.items():
        command = commands.add_parser(name, help=summary, description=summary)
        if name == chosen:
            module = importlib.import_module(f"cli.{name}.command")
            command.epilog = _more(module)
            module.configure(command)
    options = parser.parse_args(arguments)
    try:
        return int(options.run(options))
    except KeyboardInterrupt:
        return INTERRUPTED
    except Exception:  # noqa: BLE001 - python's own status for it is 1, which means "denied" or "not signed" here
        traceback.print_exc()
        return DEFECT


def _more(module: ModuleType) -> str:
    """What a command's own page says behind its first paragraph: above all its exit statuses."""
    return " ".join((module.__doc__ or "").partition("\n\n")[2].replace("`", "").split())


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
