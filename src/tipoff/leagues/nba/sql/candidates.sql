-- Who is predicted: whoever played in one of his club's last five games, or has a line. A player belongs to the club
-- that he last played for.
-- key: game_id, player_id
WITH sides AS (
  SELECT day, game_id, home_team AS team, away_team AS opponent, TRUE AS is_home
  FROM slate.schedule WHERE status IN ('scheduled', 'final')
  UNION ALL
  SELECT day, game_id, away_team AS team, home_team AS opponent, FALSE AS is_home
  FROM slate.schedule WHERE status IN ('scheduled', 'final')
),
recent AS (
  SELECT t.team, t.game_id, ROW_NUMBER() OVER (PARTITION BY t.team ORDER BY t.day DESC, t.game_id DESC) AS n
  FROM before.team_games AS t
  JOIN (SELECT DISTINCT team FROM sides) AS s ON s.team = t.team  -- a club may stand in two games until one is called off
),
played AS (
  SELECT DISTINCT p.player_id, p.team
  FROM before.player_games AS p
  JOIN recent AS r ON r.game_id = p.game_id AND r.team = p.team
  WHERE r.n <= 5
),
last_days AS (
  SELECT player_id, MAX(day) AS day FROM before.player_games GROUP BY player_id
),
last_games AS (
  SELECT
    p.player_id, p.player_name, p.player_key, p.team,
    ROW_NUMBER() OVER (PARTITION BY p.player_id ORDER BY p.game_id DESC) AS n
  FROM before.player_games AS p
  JOIN last_days AS d ON d.player_id = p.player_id AND d.day = p.day
),
lined AS (
  SELECT DISTINCT game_id, player_id FROM slate.line_names
)
SELECT
  s.day, s.game_id, l.player_id, l.player_name, l.player_key, l.team, s.opponent, s.is_home,
  IF(p.player_id IS NULL, 'line', 'played') AS because
FROM sides AS s
JOIN last_games AS l ON l.team = s.team AND l.n = 1
LEFT JOIN played AS p ON p.player_id = l.player_id AND p.team = l.team
LEFT JOIN lined AS q ON q.game_id = s.game_id AND q.player_id = l.player_id
WHERE p.player_id IS NOT NULL OR q.player_id IS NOT NULL
