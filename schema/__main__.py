"""Prints the published schema: ``python -m schema``."""

import sys

from schema.build import build

sys.stdout.write(build().sdl)
