-- What is known of each candidate before his game. Means are over games that he played this season, before the day.
-- key: game_id, player_id · averages carry in their name over how many games at most; n_games says how many there were
WITH history AS (
  SELECT
    p.player_id, p.day, p.points, p.minutes, p.usage_ratio, p.fga, p.fta,
    ROW_NUMBER() OVER (PARTITION BY p.player_id ORDER BY p.day DESC, p.game_id DESC) AS n
  FROM before.player_games AS p
  JOIN (SELECT DISTINCT player_id FROM slate.candidates) AS c ON c.player_id = p.player_id
),
player AS (
  SELECT
    player_id,
    COUNT(*) AS n_games,
    AVG(IF(n <= 5, points, NULL)) AS points_avg_5,
    AVG(IF(n <= 10, points, NULL)) AS points_avg_10,
    AVG(IF(n <= 20, points, NULL)) AS points_avg_20,
    AVG(points) AS points_avg_season,
    AVG(IF(n <= 5, minutes, NULL)) AS minutes_avg_5,
    AVG(IF(n <= 10, minutes, NULL)) AS minutes_avg_10,
    AVG(IF(n <= 20, minutes, NULL)) AS minutes_avg_20,
    AVG(minutes) AS minutes_avg_season,
    STDDEV_SAMP(IF(n <= 10, points, NULL)) AS points_std_10,
    AVG(IF(n <= 5, usage_ratio, NULL)) AS usage_avg_5,
    AVG(IF(n <= 10, usage_ratio, NULL)) AS usage_avg_10,
    AVG(IF(n <= 5, fga, NULL)) AS fga_avg_5,
    AVG(IF(n <= 5, fta, NULL)) AS fta_avg_5,
    AVG(IF(n = 1, minutes, NULL)) AS last_minutes,
    DATE_DIFF(@day, MAX(day), DAY) AS days_rest,
    COUNT(IF(day >= DATE_SUB(@day, INTERVAL 7 DAY), 1, NULL)) AS games_last_7
  FROM history
  GROUP BY player_id
),
team_history AS (
  SELECT
    team, day, pace, def_rating,
    ROW_NUMBER() OVER (PARTITION BY team ORDER BY day DESC, game_id DESC) AS n
  FROM before.team_games
),
club AS (
  SELECT
    team,
    COUNT(*) AS n_games,
    AVG(pace) AS pace_10,
    AVG(def_rating) AS def_rating_10,
    DATE_DIFF(@day, MAX(day), DAY) AS days_rest,
    MIN(day) AS first_day
  FROM team_history
  WHERE n <= 10
  GROUP BY team
),
share AS (
  SELECT h.player_id, COUNT(IF(h.day >= t.first_day, 1, NULL)) AS n_played
  FROM history AS h
  JOIN (SELECT DISTINCT player_id, team FROM slate.candidates) AS c ON c.player_id = h.player_id
  JOIN club AS t ON t.team = c.team
  GROUP BY h.player_id
)
SELECT
  c.day, c.game_id, c.player_id, c.team, c.opponent, c.is_home,
  p.n_games,
  p.points_avg_5, p.points_avg_10, p.points_avg_20, p.points_avg_season,
  p.minutes_avg_5, p.minutes_avg_10, p.minutes_avg_20, p.minutes_avg_season,
  p.points_std_10, p.usage_avg_5, p.usage_avg_10, p.fga_avg_5, p.fta_avg_5, p.last_minutes,
  p.days_rest,
  p.games_last_7,
  t.days_rest AS team_days_rest,
  t.days_rest = 1 AS back_to_back,
  LEAST(SAFE_DIVIDE(s.n_played, t.n_games), 1.0) AS games_share_10,
  t.pace_10 AS team_pace_10,
  t.n_games AS n_team_games,
  o.def_rating_10 AS opponent_def_rating_10,
  o.pace_10 AS opponent_pace_10,
  COALESCE(o.n_games, 0) AS n_opponent_games
FROM slate.candidates AS c
JOIN player AS p ON p.player_id = c.player_id
LEFT JOIN club AS t ON t.team = c.team
LEFT JOIN club AS o ON o.team = c.opponent
LEFT JOIN share AS s ON s.player_id = c.player_id
