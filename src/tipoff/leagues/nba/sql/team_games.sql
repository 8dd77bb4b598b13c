-- A club's game. Possessions: 0.96 × (FGA − OREB + TOV + 0.44 × FTA), the mean of both sides.
-- Rule: the club's own box score; for a game that has none, its players' of balldontlie added up, as the log's own minutes are;
-- a sum of which one is unknown is unknown itself.
-- key: game_id, team · ratings: points per 100 possessions · pace: possessions per 48 minutes
WITH first_games AS (
  SELECT DISTINCT game_id FROM slate.nba_team_boxscores
),
summed AS (
  SELECT
    b.day, b.game_id, b.team, b.is_home,
    IF(COUNT(b.points) = COUNT(*), CAST(SUM(b.points) AS INT64), NULL) AS points,
    IF(COUNT(b.minutes) = COUNT(*), CAST(SUM(b.minutes) AS INT64), NULL) AS minutes,
    IF(COUNT(b.fga) = COUNT(*), CAST(SUM(b.fga) AS INT64), NULL) AS fga,
    IF(COUNT(b.oreb) = COUNT(*), CAST(SUM(b.oreb) AS INT64), NULL) AS oreb,
    IF(COUNT(b.tov) = COUNT(*), CAST(SUM(b.tov) AS INT64), NULL) AS tov,
    IF(COUNT(b.fta) = COUNT(*), CAST(SUM(b.fta) AS INT64), NULL) AS fta
  FROM slate.bdl_player_boxscores AS b
  LEFT JOIN first_games AS f ON f.game_id = b.game_id
  WHERE f.game_id IS NULL
  GROUP BY b.day, b.game_id, b.team, b.is_home
),
clubs AS (
  SELECT day, game_id, team, opponent, is_home, won, points, minutes, fga, oreb, tov, fta FROM slate.nba_team_boxscores
  UNION ALL
  SELECT
    own.day, own.game_id, own.team, other.team AS opponent, own.is_home,
    IF(own.points = other.points, NULL, own.points > other.points) AS won,
    own.points, own.minutes, own.fga, own.oreb, own.tov, own.fta
  FROM summed AS own
  JOIN summed AS other ON other.game_id = own.game_id AND other.team <> own.team
),
sides AS (
  SELECT
    *,
    0.96 * (fga - oreb + tov + 0.44 * fta) AS own_possessions,
    fga + tov + 0.44 * fta AS plays_used
  FROM clubs
),
paired AS (
  SELECT
    t.day, t.game_id, t.team, t.opponent, t.is_home, t.won, t.points, t.minutes, t.plays_used,
    o.points AS points_allowed,
    (t.own_possessions + o.own_possessions) / 2 AS possessions
  FROM sides AS t
  JOIN sides AS o ON o.game_id = t.game_id AND o.team = t.opponent
)
SELECT
  day, game_id, team, opponent, is_home, won, points, points_allowed, minutes,
  possessions,
  plays_used,
  SAFE_DIVIDE(possessions * 240, minutes) AS pace,
  SAFE_DIVIDE(points * 100, possessions) AS off_rating,
  SAFE_DIVIDE(points_allowed * 100, possessions) AS def_rating
FROM paired
