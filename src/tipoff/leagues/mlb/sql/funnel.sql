-- How far each starter of a slate's clubs came on the way to a prediction: one row for each who started this season.
-- key: player_id · recent_games: starts among his club's last five games
WITH clubs AS (
  SELECT game_id, home_team AS team FROM slate.schedule WHERE status IN ('scheduled', 'live', 'final')
  UNION ALL
  SELECT game_id, away_team AS team FROM slate.schedule WHERE status IN ('scheduled', 'live', 'final')
),
one_game AS (
  SELECT team, MIN(game_id) AS game_id FROM clubs GROUP BY team
),
starts AS (
  SELECT
    pitcher_id AS player_id, pitcher_name AS player_name, pitcher_key AS player_key, team, day AS last_day,
    ROW_NUMBER() OVER (PARTITION BY pitcher_id ORDER BY day DESC, game_id DESC) AS n
  FROM before.pitcher_games
  WHERE is_starter
),
recent AS (
  SELECT
    opposing_starter_id AS player_id, opponent AS team,
    ROW_NUMBER() OVER (PARTITION BY opponent ORDER BY day DESC, game_id DESC) AS n
  FROM before.team_games
),
counted AS (
  SELECT player_id, team, COUNT(*) AS games FROM recent WHERE n <= 5 GROUP BY player_id, team
),
named AS (SELECT DISTINCT pitcher_id FROM slate.probable_pitchers),
announced AS (SELECT DISTINCT pitcher_id FROM slate.pitcher_features),
predicted AS (SELECT DISTINCT pitcher_id FROM slate.predictions)
SELECT
  s.player_id, s.player_name, s.player_key, s.team, s.last_day, c.game_id,
  COALESCE(r.games, 0) AS recent_games,
  FALSE AS has_line,
  n.pitcher_id IS NOT NULL OR a.pitcher_id IS NOT NULL AS probable_pitchers,
  a.pitcher_id IS NOT NULL AS pitcher_features,
  p.pitcher_id IS NOT NULL AS predictions
FROM starts AS s
LEFT JOIN one_game AS c ON c.team = s.team
LEFT JOIN counted AS r ON r.player_id = s.player_id AND r.team = s.team
LEFT JOIN named AS n ON n.pitcher_id = s.player_id
LEFT JOIN announced AS a ON a.pitcher_id = s.player_id
LEFT JOIN predicted AS p ON p.pitcher_id = s.player_id
WHERE s.n = 1
