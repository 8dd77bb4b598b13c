"""Why a trained model is not to serve here: it is doubted, or was trained on other features or with another library."""

from collections.abc import Mapping
from typing import Any


def doubt_of(row: Mapping[str, Any], features: str, library: str) -> str:
    """Return why the model of a row is not to serve with these features and this library; empty where it may."""
    if row.get("doubt"):
        return str(row["doubt"])
    if row["features"] != features:
        return "trained on other features than this build's"
    if row["library"] != library:
        return f"trained with {row['library']}, here is {library}"
    return ""
