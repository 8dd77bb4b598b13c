-- One box score a player and game. Rule: stats.nba.com where it has the game, else balldontlie, whose players are those that
-- box_names says they are; a row of which that is not certain waits.
-- key: game_id, player_id
WITH first_games AS (
  SELECT DISTINCT game_id FROM slate.nba_player_boxscores
)
SELECT
  a.day, a.game_id, a.player_id, a.player_name, a.player_key, a.team, a.is_home,
  a.minutes, a.points, a.fgm, a.fga, a.fg3m, a.fg3a, a.ftm, a.fta, a.oreb, a.dreb, a.reb, a.ast, a.stl, a.blk, a.tov, a.pf,
  'stats.nba.com' AS source
FROM slate.nba_player_boxscores AS a
UNION ALL
SELECT
  b.day, b.game_id, k.player_id, b.player_name, b.player_key, b.team, b.is_home,
  b.minutes, b.points, b.fgm, b.fga, b.fg3m, b.fg3a, b.ftm, b.fta, b.oreb, b.dreb, b.reb, b.ast, b.stl, b.blk, b.tov, b.pf,
  'balldontlie' AS source
FROM slate.bdl_player_boxscores AS b
JOIN slate.box_names AS k ON k.game_id = b.game_id AND k.bdl_player_id = b.bdl_player_id AND k.player_id IS NOT NULL
LEFT JOIN first_games AS f ON f.game_id = b.game_id
WHERE f.game_id IS NULL
