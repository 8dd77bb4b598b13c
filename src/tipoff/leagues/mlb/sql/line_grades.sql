-- What was told at each line against what happened; a line that was met exactly is over for nobody.
-- key: game_id, pitcher_id · void: he did not start, or nobody knows his strikeouts
-- A game that was broken off is graded on the day on which it ended, by what was told on the day on which it began, the last on
-- which anything was predicted of it: lines of a day from which it had been put off are nobody's.
WITH resumed AS (
  SELECT s.day, s.game_id, MAX(p.day) AS told_on
  FROM slate.schedule AS s
  JOIN (
    SELECT day, game_id FROM before.predictions
    UNION ALL
    SELECT day, game_id FROM before.projected_predictions
  ) AS p ON p.game_id = s.game_id AND p.day <= s.resumed_from
  GROUP BY s.day, s.game_id
),
made AS (
  SELECT * FROM slate.line_chances
  UNION ALL
  SELECT l.* REPLACE (r.day AS day)
  FROM before.line_chances AS l
  JOIN resumed AS r ON r.game_id = l.game_id AND r.told_on = l.day
),
seen AS (
  SELECT
    l.*, IF(b.is_starter, b.strikeouts, NULL) AS actual_strikeouts
  FROM made AS l
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
