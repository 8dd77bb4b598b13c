"""Asking providers: one way in for every payload, archived before anything looks at it."""
