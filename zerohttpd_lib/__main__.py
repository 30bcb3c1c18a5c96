"""`python -m zerohttpd_lib` is the same as `zerohttpd`."""

import sys

from .cli import main

sys.exit(main())
