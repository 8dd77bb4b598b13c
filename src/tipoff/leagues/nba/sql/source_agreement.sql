-- How far the two sources agree, by game; players are paired as box_names knows them, and by club.
-- key: game_id
WITH second_source AS (
  SELECT b.day, b.game_id, b.team, b.points, b.minutes, b.reb, b.ast, b.bdl_player_id, k.player_id
  FROM slate.bdl_player_boxscores AS b
  LEFT JOIN slate.box_names AS k ON k.game_id = b.game_id AND k.bdl_player_id = b.bdl_player_id
)
SELECT
  COALESCE(a.day, b.day) AS day,
  COALESCE(a.game_id, b.game_id) AS game_id,
  COUNT(a.player_id) AS n_first,
  COUNT(b.bdl_player_id) AS n_second,
  COUNT(IF(a.player_id = b.player_id, 1, NULL)) AS n_both,
  COUNT(IF(a.points <> b.points, 1, NULL)) AS n_points_differ,
  COUNT(IF(a.minutes <> b.minutes, 1, NULL)) AS n_minutes_differ,
  COUNT(IF(a.reb <> b.reb, 1, NULL)) AS n_rebounds_differ,
  COUNT(IF(a.ast <> b.ast, 1, NULL)) AS n_assists_differ
FROM slate.nba_player_boxscores AS a
FULL OUTER JOIN second_source AS b
  ON a.game_id = b.game_id AND a.player_id = b.player_id AND a.team = b.team
GROUP BY COALESCE(a.day, b.day), COALESCE(a.game_id, b.game_id)
