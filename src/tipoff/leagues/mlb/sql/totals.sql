-- What a season adds up to: games, starters, strikeouts by pitchers and of clubs.
WITH pitchers AS (
  SELECT COUNT(DISTINCT game_id) AS games, COUNT(IF(is_starter, 1, NULL)) AS starts, SUM(strikeouts) AS strikeouts
  FROM season.pitcher_boxscores
),
clubs AS (
  SELECT SUM(strikeouts) AS strikeouts FROM season.team_boxscores
)
SELECT pitchers.games, pitchers.starts, pitchers.strikeouts, clubs.strikeouts AS strikeouts_of_clubs
FROM pitchers
CROSS JOIN clubs
