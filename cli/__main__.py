"""The command line: choose the command, run it, exit as it says."""

from __future__ import annotations

import argparse
import importlib
import sys
from typing import Final

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
            importlib.import_module(f"cli.{name}.command").configure(command)
    options = parser.parse_args(arguments)
    return int(options.run(options))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
