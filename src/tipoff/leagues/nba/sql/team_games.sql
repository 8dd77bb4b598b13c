-- A club's game. Possessions: 0.96 × (FGA − OREB + TOV + 0.44 × FTA), the mean of both sides.
-- key: game_id, team · ratings: points per 100 possessions · pace: possessions per 48 minutes
WITH sides AS (
  SELECT
    *,
    0.96 * (fga - oreb + tov + 0.44 * fta) AS own_possessions,
    fga + tov + 0.44 * fta AS plays_used
  FROM slate.nba_team_boxscores
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
