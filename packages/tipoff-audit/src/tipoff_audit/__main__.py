"""`python -m tipoff_audit`: whoever starts it so stands in the tree that is to be read, of which nothing may be run."""

import os
import sys

if sys.path[:1] == [os.getcwd()]:  # noqa: PTH109 -- nothing more may be imported yet
    del sys.path[0]  # where Python looks first: there may be a module of a library's name

from tipoff_audit.cli import main

main()
