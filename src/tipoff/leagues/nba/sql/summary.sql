-- A season's points in one row; errors over the rows that both the served system and the mean of ten predicted.
WITH paired AS (
  SELECT
    l.is_void, l.line, l.actual_points, l.is_correct,
    l.abs_error AS model_error,
    m.abs_error AS baseline_error
  FROM season.grades AS l
  JOIN season.grades AS m ON m.game_id = l.game_id AND m.player_id = l.player_id AND m.day = l.day
  WHERE l.system = 'quantile_regression' AND m.system = 'moving_average' AND NOT l.is_retrospective
),
every AS (
  SELECT made_at, tipoff_at FROM season.moving_average WHERE market = 'points'
  UNION ALL
  SELECT made_at, tipoff_at FROM season.quantile_regression WHERE market = 'points'
  UNION ALL
  SELECT made_at, tipoff_at FROM season.market_aware WHERE market = 'points'
),
made AS (
  SELECT COUNT(*) AS n, COUNT(IF(made_at >= tipoff_at, 1, NULL)) AS n_late FROM every
),
graded AS (
  SELECT
    COUNT(IF(NOT is_void, 1, NULL)) AS n,
    AVG(model_error) AS mae,
    AVG(baseline_error) AS baseline_mae,
    AVG(ABS(line - actual_points)) AS line_mae,
    COUNT(IF(line IS NOT NULL AND NOT is_void, 1, NULL)) AS lined,
    SAFE_DIVIDE(COUNT(IF(is_void, 1, NULL)), COUNT(*)) AS void_ratio,
    SAFE_DIVIDE(COUNT(IF(is_void AND line IS NOT NULL, 1, NULL)), COUNT(IF(line IS NOT NULL, 1, NULL))) AS lined_void_ratio,
    SAFE_DIVIDE(COUNT(IF(is_correct, 1, NULL)), COUNT(IF(is_correct IS NOT NULL, 1, NULL))) AS right_side_ratio
  FROM paired
)
SELECT
  made.n AS made,
  made.n_late AS made_after_tipoff,
  graded.n AS graded,
  graded.mae, graded.baseline_mae, graded.line_mae, graded.lined,
  graded.void_ratio, graded.lined_void_ratio, graded.right_side_ratio
FROM made
CROSS JOIN graded
