"""Mending what can be mended safely: shown as a diff, written only when that is asked for."""
