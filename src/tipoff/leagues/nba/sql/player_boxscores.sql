-- One box score a player and game. Rule: stats.nba.com where it has the game, else balldontlie, its players
-- known by name among those whom the club has fielded in the last 45 days.
-- key: game_id, player_id
WITH known_players AS (
  SELECT
    player_id,
    player_key,
    team,
    ROW_NUMBER() OVER (PARTITION BY player_key, team ORDER BY day DESC, player_id) AS n
  FROM last45.nba_player_boxscores
),
first_games AS (
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
JOIN known_players AS k ON k.player_key = b.player_key AND k.team = b.team AND k.n = 1
LEFT JOIN first_games AS f ON f.game_id = b.game_id
WHERE f.game_id IS NULL
