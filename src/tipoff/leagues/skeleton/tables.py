"""The skeleton's tables: columns with what they count in and what is believed of them."""

from tipoff.core.schema import DAY, KNOWN_AT, Phase, Table, instant, text

SCHEDULE = Table(
    league="skeleton",
    phase=Phase.RAW,
    name="schedule",
    key=("game_id",),
    columns=(
        DAY,
        text("game_id", required=True),
        text("home_team", required=True),
        text("away_team", required=True),
        instant("starts_at"),
        text("status", required=True),
        KNOWN_AT,
    ),
    about="The provider's games of the day.",
    unit_columns=(),
)
