-- A club at bat beside the strikeouts that were to be expected of those who pitched, as they were known that morning.
-- key: game_id, team
WITH pitched AS (
  SELECT game_id, opponent, SUM(own_expected_strikeouts) AS expected_strikeouts
  FROM slate.pitcher_games
  GROUP BY game_id, opponent
)
SELECT
  t.day, t.game_id, t.team, t.opponent, t.is_home, t.venue_id, t.umpire_id, t.opposing_catcher_id, t.opposing_starter_id,
  t.plate_appearances, t.strikeouts, t.runs, t.on_base, t.has_designated_hitter, t.scheduled_innings, t.is_night,
  t.temperature, t.game_number,
  t.batter_1_id, t.batter_2_id, t.batter_3_id, t.batter_4_id, t.batter_5_id, t.batter_6_id, t.batter_7_id, t.batter_8_id,
  t.batter_9_id,
  p.expected_strikeouts
FROM slate.team_boxscores AS t
JOIN pitched AS p ON p.game_id = t.game_id AND p.opponent = t.team
