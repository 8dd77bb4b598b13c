-- How far each player of a slate's clubs came on the way to a prediction: one row for each who has played for one of them.
-- key: player_id · moving_average: he is predicted by it, or by another system
WITH clubs AS (
  SELECT game_id, home_team AS team FROM slate.schedule WHERE status IN ('scheduled', 'live', 'final')
  UNION ALL
  SELECT game_id, away_team AS team FROM slate.schedule WHERE status IN ('scheduled', 'live', 'final')
),
recent AS (
  SELECT t.team, t.game_id, ROW_NUMBER() OVER (PARTITION BY t.team ORDER BY t.day DESC, t.game_id DESC) AS n
  FROM before.team_games AS t
),
played AS (
  SELECT p.player_id, p.team, COUNT(*) AS games
  FROM before.player_games AS p
  JOIN recent AS r ON r.game_id = p.game_id AND r.team = p.team
  WHERE r.n <= 5
  GROUP BY p.player_id, p.team
),
last_games AS (
  SELECT
    player_id, player_name, player_key, team, day AS last_day,
    ROW_NUMBER() OVER (PARTITION BY player_id ORDER BY day DESC, game_id DESC) AS n
  FROM before.player_games
),
lined AS (
  SELECT DISTINCT player_id FROM slate.line_names
),
predicted AS (
  SELECT player_id FROM slate.moving_average
  UNION DISTINCT
  SELECT player_id FROM slate.quantile_regression
)
SELECT
  l.player_id, l.player_name, l.player_key, l.team, l.last_day, c.game_id,
  COALESCE(p.games, 0) AS recent_games,
  q.player_id IS NOT NULL AS has_line,
  d.player_id IS NOT NULL AS candidates,
  f.player_id IS NOT NULL AS player_features,
  m.player_id IS NOT NULL AS moving_average
FROM last_games AS l
LEFT JOIN clubs AS c ON c.team = l.team
LEFT JOIN played AS p ON p.player_id = l.player_id AND p.team = l.team
LEFT JOIN lined AS q ON q.player_id = l.player_id
LEFT JOIN slate.candidates AS d ON d.player_id = l.player_id
LEFT JOIN slate.player_features AS f ON f.player_id = l.player_id
LEFT JOIN predicted AS m ON m.player_id = l.player_id
WHERE l.n = 1
