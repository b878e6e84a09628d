"""The command line: choose the command, run it, exit as it says."""

from __future__ import annotations

import argparse
import sys

from cli.demo import command as demo


def main(arguments: list[str]) -> int:
    """Run one command; answer the exit status."""
    parser = argparse.ArgumentParser(
        prog="prodgate", description="A release gate on Google Cloud: prod runs exactly the bytes that were tested."
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    demo.add_to(commands)
    options = parser.parse_args(arguments)
    return int(options.run(options))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
