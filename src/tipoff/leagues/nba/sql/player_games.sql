-- A player's game with his share of his club's plays and minutes.
-- key: game_id, player_id · usage_ratio, minutes_ratio: shares in [0, 1]
SELECT
  b.day, b.game_id, b.player_id, b.player_name, b.player_key, b.team,
  t.opponent,
  b.is_home, b.minutes, b.points,
  b.fgm, b.fga, b.fg3m, b.fg3a, b.ftm, b.fta, b.oreb, b.dreb, b.reb, b.ast, b.stl, b.blk, b.tov, b.pf,
  SAFE_DIVIDE(b.fga + b.tov + 0.44 * b.fta, t.plays_used) AS usage_ratio,
  SAFE_DIVIDE(b.minutes * 5, t.minutes) AS minutes_ratio
FROM slate.player_boxscores AS b
JOIN slate.team_games AS t ON t.game_id = b.game_id AND t.team = b.team
