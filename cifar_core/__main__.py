"""``python -m cifar_core``: the command line; see ``cifar_core.cli``."""

import sys

from cifar_core.cli.program import main
from cifar_core.process import prepare_to_compute

prepare_to_compute()
sys.exit(main())
