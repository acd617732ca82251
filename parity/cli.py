"""The command ``jack-parity``: each subcommand lives in a package of its own."""

from __future__ import annotations

import signal
import sys

import click

from parity.architectures.command import models
from parity.check.command import check
from parity.dossier.command import dossier
from parity.golden.command import golden
from parity.optimizers.command import optimizers
from parity.trace.command import trace
from parity.training.command import train


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """Prove that a Torch program and a Jittor program agree."""
    # Unwind when stopped, so that the processes of the frameworks end too.
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))


main.add_command(check)
main.add_command(dossier)
main.add_command(golden)
main.add_command(models)
main.add_command(optimizers)
main.add_command(trace)
main.add_command(train)


if __name__ == "__main__":
    main()
