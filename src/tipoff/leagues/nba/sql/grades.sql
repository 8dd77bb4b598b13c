-- Each system's points against what happened, and against the last line before tip-off.
-- key: game_id, player_id, system · void: he did not play, or nobody knows his points · push: the result is the line, neither right nor wrong
WITH made AS (
  SELECT 'moving_average' AS system, day, game_id, player_id, median AS predicted_points, tipoff_at, made_at FROM slate.moving_average WHERE market = 'points'
  UNION ALL
  SELECT 'quantile_regression' AS system, day, game_id, player_id, median AS predicted_points, tipoff_at, made_at FROM slate.quantile_regression WHERE market = 'points'
  UNION ALL
  SELECT 'market_aware' AS system, day, game_id, player_id, median AS predicted_points, tipoff_at, made_at FROM slate.market_aware WHERE market = 'points'
),
graded AS (
  SELECT
    p.day, p.game_id, p.player_id, p.system, p.predicted_points,
    g.points AS actual_points,
    g.player_id IS NOT NULL AS has_played,
    p.made_at >= p.tipoff_at AS is_retrospective,
    m.line,
    IF(g.points IS NULL OR m.line IS NULL, NULL,
      IF(g.points > m.line, 'over', IF(g.points < m.line, 'under', 'push'))) AS line_result,
    IF(m.line IS NULL, NULL,
      IF(p.predicted_points > m.line, 'over', IF(p.predicted_points < m.line, 'under', NULL))) AS side
  FROM made AS p
  LEFT JOIN slate.player_games AS g ON g.game_id = p.game_id AND g.player_id = p.player_id
  LEFT JOIN slate.main_lines AS m ON m.game_id = p.game_id AND m.player_id = p.player_id
)
SELECT
  day, game_id, player_id, system, predicted_points, actual_points,
  predicted_points - actual_points AS error,
  ABS(predicted_points - actual_points) AS abs_error,
  actual_points IS NULL AS is_void,
  IF(actual_points IS NULL, IF(has_played, 'points unknown', 'did not play'), NULL) AS void_reason,
  is_retrospective,
  line,
  line_result,
  side,
  IF(line_result IS NULL OR line_result = 'push' OR side IS NULL, NULL, side = line_result) AS is_correct
FROM graded
