-- How far the two sources agree, by game; players are paired by name and club.
-- key: game_id
SELECT
  COALESCE(a.day, b.day) AS day,
  COALESCE(a.game_id, b.game_id) AS game_id,
  COUNT(a.player_key) AS n_first,
  COUNT(b.player_key) AS n_second,
  COUNT(IF(a.player_key = b.player_key, 1, NULL)) AS n_both,
  COUNT(IF(a.points <> b.points, 1, NULL)) AS n_points_differ,
  COUNT(IF(a.minutes <> b.minutes, 1, NULL)) AS n_minutes_differ,
  COUNT(IF(a.reb <> b.reb, 1, NULL)) AS n_rebounds_differ,
  COUNT(IF(a.ast <> b.ast, 1, NULL)) AS n_assists_differ
FROM slate.nba_player_boxscores AS a
FULL OUTER JOIN slate.bdl_player_boxscores AS b
  ON a.game_id = b.game_id AND a.player_key = b.player_key AND a.team = b.team
GROUP BY COALESCE(a.day, b.day), COALESCE(a.game_id, b.game_id)
