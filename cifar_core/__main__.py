"""``python -m cifar_core``: the command line; see ``cifar_core.cli``."""

import sys

from cifar_core.cli.program import main
from cifar_core.threads import let_threads_sleep

let_threads_sleep()
sys.exit(main())
