-- One line a starter and game: of each book its newest quotes, of these the best balanced; of the books the lower median.
-- A name is matched to whom the clubs have named or announced, by key; who answers to none keeps his row without an id.
-- key: game_id, player_key · prices: American odds
WITH priced AS (
  SELECT
    *,
    IF(over_price < 0, SAFE_DIVIDE(-over_price, 100 - over_price), SAFE_DIVIDE(100, 100 + over_price)) AS p_over,
    IF(under_price < 0, SAFE_DIVIDE(-under_price, 100 - under_price), SAFE_DIVIDE(100, 100 + under_price)) AS p_under
  FROM known.player_lines
),
balanced AS (
  SELECT
    *,
    ROW_NUMBER() OVER (
      PARTITION BY game_id, player_key, book
      ORDER BY quoted_at DESC, COALESCE(ABS(p_over - p_under), 9), line
    ) AS n
  FROM priced
),
ranked AS (
  SELECT
    *,
    ROW_NUMBER() OVER (PARTITION BY game_id, player_key ORDER BY line, book) AS place,
    COUNT(*) OVER (PARTITION BY game_id, player_key) AS n_books
  FROM balanced
  WHERE n = 1
),
named AS (
  SELECT game_id, pitcher_id, pitcher_key FROM slate.probable_pitchers
  UNION ALL
  SELECT game_id, starter_id AS pitcher_id, starter_key AS pitcher_key FROM slate.line_ups
),
starters AS (
  SELECT game_id, pitcher_key, MAX(pitcher_id) AS pitcher_id
  FROM named
  GROUP BY game_id, pitcher_key
  HAVING COUNT(DISTINCT pitcher_id) = 1
)
SELECT
  r.day, r.game_id, r.player_key, s.pitcher_id, r.player_name, r.line, r.book, r.quoted_at, r.over_price, r.under_price, r.n_books
FROM ranked AS r
LEFT JOIN starters AS s ON s.game_id = r.game_id AND s.pitcher_key = r.player_key
WHERE r.place = DIV((r.n_books + 1), 2)
