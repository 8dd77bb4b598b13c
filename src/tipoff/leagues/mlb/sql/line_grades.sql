-- What was told at each line against what happened; a line that was met exactly is over for nobody.
-- key: game_id, pitcher_id · void: he did not start, or nobody knows his strikeouts
WITH seen AS (
  SELECT
    l.*, IF(b.is_starter, b.strikeouts, NULL) AS actual_strikeouts
  FROM slate.line_chances AS l
  LEFT JOIN slate.pitcher_boxscores AS b ON b.game_id = l.game_id AND b.pitcher_id = l.pitcher_id
)
SELECT
  day, game_id, pitcher_id, line, p_over, recommendation, actual_strikeouts,
  actual_strikeouts IS NULL AS is_void,
  IF(actual_strikeouts = line, NULL, actual_strikeouts > line) AS is_over,
  IF(
    recommendation = 'pass' OR actual_strikeouts = line, NULL,
    IF(recommendation = 'over', actual_strikeouts > line, actual_strikeouts < line)
  ) AS is_right
FROM seen
