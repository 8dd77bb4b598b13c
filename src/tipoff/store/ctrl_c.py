"""Ctrl-C during a statement of DuckDB is Ctrl-C."""

from types import TracebackType


class _CtrlC:
    """DuckDB takes the signal, ends the statement and raises a plain `RuntimeError`, which would pass for the step's failure."""

    def __enter__(self) -> None:
        """Nothing: what is inside is a statement, and there may be thousands."""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Raise what Python raises for the signal anywhere else."""
        if kind is RuntimeError and str(error) == "Query interrupted":
            raise KeyboardInterrupt from error


ctrl_c = _CtrlC()  # without a state: one for all
