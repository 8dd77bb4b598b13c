-- A batter's game with the hand of the starter whom he faced.
-- key: game_id, batter_id, team (a game that goes on months later may have a man for both) · strikeout_ratio: by at-bats and walks, in [0, 1]
WITH starters AS (
  SELECT game_id, opponent, throws
  FROM slate.pitcher_boxscores
  WHERE is_starter
)
SELECT
  b.day, b.game_id, b.batter_id, b.batter_name, b.team, b.opponent, b.is_home, b.spot, b.is_starter, b.bats,
  s.throws AS facing_throws,
  b.at_bats, b.walks, b.strikeouts,
  SAFE_DIVIDE(b.strikeouts, b.at_bats + b.walks) AS strikeout_ratio
FROM slate.batter_boxscores AS b
LEFT JOIN starters AS s ON s.game_id = b.game_id AND s.opponent = b.team
