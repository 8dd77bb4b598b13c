-- Each prediction of the announced and of the projected line-ups against what happened.
-- key: game_id, pitcher_id, system, line_up · void: he did not start, or nobody knows his strikeouts
-- A game that was broken off is graded on the day on which it ended, by what was predicted of both line-ups on the day on which
-- it began, the last on which anything was: in April, perhaps, and not for a day from which it had been put off.
WITH resumed AS (
  SELECT s.day, s.game_id, MAX(p.day) AS predicted_on
  FROM slate.schedule AS s
  JOIN (
    SELECT day, game_id FROM before.predictions
    UNION ALL
    SELECT day, game_id FROM before.projected_predictions
  ) AS p ON p.game_id = s.game_id AND p.day <= s.resumed_from
  GROUP BY s.day, s.game_id
),
made AS (
  SELECT 'confirmed' AS line_up, * FROM slate.predictions
  UNION ALL
  SELECT 'projected' AS line_up, * FROM slate.projected_predictions
  UNION ALL
  SELECT
    'confirmed' AS line_up, p.* REPLACE (r.day AS day)
  FROM before.predictions AS p
  JOIN resumed AS r ON r.game_id = p.game_id AND r.predicted_on = p.day
  UNION ALL
  SELECT
    'projected' AS line_up, p.* REPLACE (r.day AS day)
  FROM before.projected_predictions AS p
  JOIN resumed AS r ON r.game_id = p.game_id AND r.predicted_on = p.day
),
at_most AS (
  SELECT
    *,
    p_0 AS most_0,
    p_0 + p_1 AS most_1,
    p_0 + p_1 + p_2 AS most_2,
    p_0 + p_1 + p_2 + p_3 AS most_3,
    p_0 + p_1 + p_2 + p_3 + p_4 AS most_4,
    p_0 + p_1 + p_2 + p_3 + p_4 + p_5 AS most_5,
    p_0 + p_1 + p_2 + p_3 + p_4 + p_5 + p_6 AS most_6,
    p_0 + p_1 + p_2 + p_3 + p_4 + p_5 + p_6 + p_7 AS most_7,
    p_0 + p_1 + p_2 + p_3 + p_4 + p_5 + p_6 + p_7 + p_8 AS most_8,
    p_0 + p_1 + p_2 + p_3 + p_4 + p_5 + p_6 + p_7 + p_8 + p_9 AS most_9,
    p_0 + p_1 + p_2 + p_3 + p_4 + p_5 + p_6 + p_7 + p_8 + p_9 + p_10 AS most_10,
    p_0 + p_1 + p_2 + p_3 + p_4 + p_5 + p_6 + p_7 + p_8 + p_9 + p_10 + p_11 AS most_11,
    p_0 + p_1 + p_2 + p_3 + p_4 + p_5 + p_6 + p_7 + p_8 + p_9 + p_10 + p_11 + p_12 AS most_12,
    p_0 + p_1 + p_2 + p_3 + p_4 + p_5 + p_6 + p_7 + p_8 + p_9 + p_10 + p_11 + p_12 + p_13 AS most_13,
    p_0 + p_1 + p_2 + p_3 + p_4 + p_5 + p_6 + p_7 + p_8 + p_9 + p_10 + p_11 + p_12 + p_13 + p_14 AS most_14,
    p_0 + p_1 + p_2 + p_3 + p_4 + p_5 + p_6 + p_7 + p_8 + p_9 + p_10 + p_11 + p_12 + p_13 + p_14 + p_15 AS most_15
  FROM made
),
g AS (
  SELECT m.*, IF(b.is_starter, b.strikeouts, NULL) AS actual_strikeouts, b.batters_faced AS actual_batters, b.is_starter
  FROM at_most AS m
  LEFT JOIN slate.pitcher_boxscores AS b ON b.game_id = m.game_id AND b.pitcher_id = m.pitcher_id
)
SELECT
  g.day, g.game_id, g.pitcher_id, g.system, g.line_up, g.predicted_strikeouts, g.mean_strikeouts, g.raw_mean, g.variance,
  g.actual_strikeouts, g.actual_batters, g.career_starts,
  g.predicted_strikeouts - g.actual_strikeouts AS error,
  ABS(g.predicted_strikeouts - g.actual_strikeouts) AS abs_error,
  IF(g.actual_strikeouts IS NULL, NULL,
    POW(g.most_0 - IF(g.actual_strikeouts <= 0, 1.0, 0.0), 2) +
      POW(g.most_1 - IF(g.actual_strikeouts <= 1, 1.0, 0.0), 2) +
      POW(g.most_2 - IF(g.actual_strikeouts <= 2, 1.0, 0.0), 2) +
      POW(g.most_3 - IF(g.actual_strikeouts <= 3, 1.0, 0.0), 2) +
      POW(g.most_4 - IF(g.actual_strikeouts <= 4, 1.0, 0.0), 2) +
      POW(g.most_5 - IF(g.actual_strikeouts <= 5, 1.0, 0.0), 2) +
      POW(g.most_6 - IF(g.actual_strikeouts <= 6, 1.0, 0.0), 2) +
      POW(g.most_7 - IF(g.actual_strikeouts <= 7, 1.0, 0.0), 2) +
      POW(g.most_8 - IF(g.actual_strikeouts <= 8, 1.0, 0.0), 2) +
      POW(g.most_9 - IF(g.actual_strikeouts <= 9, 1.0, 0.0), 2) +
      POW(g.most_10 - IF(g.actual_strikeouts <= 10, 1.0, 0.0), 2) +
      POW(g.most_11 - IF(g.actual_strikeouts <= 11, 1.0, 0.0), 2) +
      POW(g.most_12 - IF(g.actual_strikeouts <= 12, 1.0, 0.0), 2) +
      POW(g.most_13 - IF(g.actual_strikeouts <= 13, 1.0, 0.0), 2) +
      POW(g.most_14 - IF(g.actual_strikeouts <= 14, 1.0, 0.0), 2)
  ) AS crps,
  g.actual_strikeouts IS NULL AS is_void,
  IF(g.actual_strikeouts IS NULL, IF(g.is_starter IS NULL OR NOT g.is_starter, 'did not start', 'strikeouts unknown'), NULL) AS void_reason,
  COALESCE(g.made_at >= g.first_pitch_at, FALSE) AS is_retrospective,
  g.own_line, g.own_over_chance,
  g.actual_strikeouts > g.own_line AS is_over
FROM g
