"""The angles from which a day's data and work are looked at, by number, and which checks look from each.

Twenty-five stood in an earlier system's manual; eight are what its incidents showed that it lacked. A league's checks must cover
them all. `also` is what looks from the same angle all the time: a finding of the engine, or a rule of the watchers.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase

from tipoff.core.check import Check


@dataclass(frozen=True, slots=True, kw_only=True)
class Category:
    """One angle: what it is called, what it asks, and what else looks from it."""

    number: int
    name: str
    asks: str
    also: tuple[str, ...] = ()


ANGLES = tuple(
    Category(number=number, name=name, asks=asks, also=also)
    for number, name, asks, also in (
        (1, "end-to-end flow", "does every game cross every phase", ("obligation_is_met",)),
        (2, "cross validation", "do two tables that say the same thing agree", ()),
        (3, "lines against predictions", "is who has a line predicted", ()),
        (4, "decision audit", "was it decided, and why not", ("controller_is_alive",)),
        (5, "one game's trace", "is one game in every table", ()),
        (6, "schedule", "is the schedule final, and fresh", ("source_is_consistent", "season_is_known")),
        (7, "steps completed", "did every step that was due run with success", ("obligation_is_met", "run_ends_well")),
        (8, "event log", "did what began end", ("run_ends_well", "decisions_are_executed")),
        (9, "failed queue", "does anything wait for hours", ("obligation_is_told",)),
        (10, "phase timing", "was it there when it was due", ("run_is_in_time", "obligation_is_met")),
        (11, "prediction timing", "was it made, and known, before tip-off", ()),
        (12, "grading lag", "is every prediction graded", ("obligation_is_met",)),
        (13, "quality", "is what features rest on whole, and usual", ("values_are_known",)),
        (14, "export", "is what was predicted published", ("obligation_is_met",)),
        (15, "state against data", "is what the ledger says is there, there", ()),
        (16, "decision gaps", "how long did nobody decide; is an empty result signed", ("controller_is_alive",)),
        (17, "prediction and result", "is who was predicted found in the results", ()),
        (18, "systems are even", "does every system predict the same", ()),
        (19, "line sanity", "are lines and prices believable", ()),
        (20, "distribution of predictions", "are predictions constant, or shifted", ()),
        (21, "accuracy drift", "is the error growing", ()),
        (22, "registry", "is who is named known", ("values_are_known",)),
        (23, "balance of games", "is each club predicted in a usual number", ()),
        (24, "balance of sides", "is one side of the line chosen nearly always", ()),
        (25, "void rate", "how many of the predicted did not play", ()),
        (26, "execution against decision", "was what was decided also run", ("decisions_are_executed",)),
        (27, "NULLs by column", "is a column emptier than it was, at once or slowly", ("units_are_accepted",)),
        (28, "duplicates", "does a key stand twice", ("units_are_accepted",)),
        (29, "historical windows", "is the past that features rest on whole since the season began", ()),
        (30, "look-ahead", "did anything see what was not yet known", ()),
        (
            31,
            "monitors",
            "do the watchers look, and do rules ever fire",
            ("monitor_is_alive", "sentinel_is_alive", "digest_is_sent"),
        ),
        (32, "cost and quota", "is a provider asked, or work done, far more than usual", ("run_ends_well",)),
        (
            33,
            "drift of build, settings, columns",
            "is it the same build on the declared columns",
            ("same_build_and_settings",),
        ),
    )
)

CHECKS: Mapping[
    int, str
] = {  # by the angle's number: checks, by how their names end or by their whole names; * is anything
    1: """
        games_are_there games_have_box_scores
    """,
    2: """
        add_up_to_the_clubs are_called_as_they_played are_half_lives_of_earlier_games are_means_of_earlier_games
        are_of_the_game_as_it_was are_of_the_line_ups are_predicted_by_* are_read_off_the_chances
        are_read_off_the_quantiles are_shares_of_the_club are_the_books_middle are_the_form_of_the_morning
        are_the_last_starts are_the_last_ten_games are_the_nine_of_the_features are_the_pitchers_form are_the_seasons
        are_the_two_box_scores are_what_happened are_what_was_predicted bottom_up_is_the_sum_of_the_nine
        clubs_are_the_box_scores clubs_are_the_clubs clubs_mirror_each_other copies_* counts_the_two_sources
        expectations_are_believable expectations_are_the_pitchers games_are_scheduled games_have_box_scores
        goes_on_from_earlier_seasons hands_are_the_starters have_features have_form is_what_its_inputs_give
        minutes_agree plus_minus_adds_up ratios_are_of_turns results_are_the_box_scores second_source_agrees
        sides_are_the_schedules sources_agree starters_are_whom_the_clubs_faced strikeouts_add_up
        strikeouts_are_the_clubs strikeouts_are_the_pitches sums_are_the_games teams_are_their_games
    """,
    3: """
        are_predicted_by_* lines_have_chances players_are_known players_are_predicted
    """,
    4: """
        aborts_have_reasons decided_without_gap decisions_are_executed
    """,
    5: """
        game_ids_have_their_form games_are_there sides_are_the_schedules
    """,
    6: """
        days_have_games games_are_of_the_day games_move_to_another_day is_final is_fresh results_are_there
        strikeouts_add_up
    """,
    7: """
        has_run runs_finish
    """,
    8: """
        runs_end runs_finish
    """,
    9: """
        nothing_waits_long
    """,
    10: """
        outputs_are_in_time
    """,
    11: """
        known_at_is_when_it_came known_before_it_begins made_at_is_before_tipoff quoted_before_tip_off
        starts_are_the_schedules
    """,
    12: """
        accuracy are_graded are_what_happened grades.games_are_there
    """,
    13: """
        are_half_lives_of_earlier_games are_in_degrees_fahrenheit are_means_of_earlier_games
        are_the_form_of_the_morning are_the_last_starts are_the_pitchers_form are_the_seasons
        columns_say_something do_not_look_ahead expectations_are_believable goes_on_from_earlier_seasons
        is_trained_on_all know_when_the_game_begins means_are_usual nulls_are_usual nulls_do_not_rise
        pass_for_what_is_known rows_are_usual sums_are_of_their_kind sums_are_the_games teams_are_their_games
        values_are_as_declared values_vary windows_are_whole zeros_are_usual
    """,
    14: """
        are_of_candidates are_published are_what_was_predicted has_run published_*.games_are_there
    """,
    15: """
        are_published is_still_there is_what_its_inputs_give
    """,
    16: """
        days_have_games decided_without_gap not_all_is_excused zero_is_signed
    """,
    17: """
        are_graded are_what_happened pitchers_are_found players_are_found
    """,
    18: """
        are_predicted_by_* differ_from_quantile_regression have_every_market recommendations_have_reasons
        systems_are_even systems_are_of_one_start systems_differ
    """,
    19: """
        are_the_books_middle books_agree lines_are_believed lines_are_halves lines_have_chances prices_are_american
        prices_make_a_book values_are_as_declared
    """,
    20: """
        *_ranks_with_history are_not_constant are_read_off_the_chances bottom_up_is_the_sum_of_the_nine chances_add_up
        columns_say_something differ_from_quantile_regression intervals_enclose_the_middle means_are_usual
        nulls_are_usual nulls_do_not_rise rows_are_usual serves_or_says_why systems_differ values_vary zeros_are_usual
    """,
    21: """
        accuracy accuracy_has_not_drifted intervals_hold_what_they_should
    """,
    22: """
        *_is_called_as_before are_called_as_they_played are_of_the_line_ups clubs_are_known ids_belong_to_one
        names_have_their_keys pass_for_what_is_known players_are_known players_are_registered
    """,
    23: """
        clubs_are_full systems_are_even
    """,
    24: """
        sides_are_balanced
    """,
    25: """
        few_are_void pitchers_are_found players_are_found
    """,
    26: """
        decisions_are_executed
    """,
    27: """
        columns_say_something nulls_are_usual nulls_do_not_rise values_are_as_declared
    """,
    28: """
        clubs_play_each_game_once events_are_different games_stand_under_one_id keys_are_unique players_are_different
    """,
    29: """
        history_is_whole windows_are_whole
    """,
    30: """
        are_half_lives_of_earlier_games are_means_of_earlier_games are_the_form_of_the_morning are_the_last_starts
        are_the_seasons do_not_look_ahead goes_on_from_earlier_seasons known_at_is_when_it_came
        made_at_is_before_tipoff sums_are_the_games teams_are_their_games
    """,
    31: """
        monitor_looks
    """,
    32: """
        cost_is_usual
    """,
    33: """
        columns_are_declared one_build_and_settings
    """,
}


def by_angle(checks: Iterable[Check]) -> Mapping[int, list[Check]]:
    """Return the checks that look from each angle, by its number."""
    checks = list(checks)
    return {number: [check for check in checks if _is_named(check, names.split())] for number, names in CHECKS.items()}


def _is_named(check: Check, names: Iterable[str]) -> bool:
    return any(fnmatchcase(check.name, name) or fnmatchcase(check.name.rpartition(".")[2], name) for name in names)
