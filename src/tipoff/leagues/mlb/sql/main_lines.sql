-- One line a starter and game: of each book its newest quotes, of these the best balanced; of the books the lower median.
-- A name is matched to whom the clubs have named or announced, by key, with or without a suffix (Lance McCullers Jr.): the quotes
-- of one man count together, however the books spell him; who answers to none keeps his row without an id.
-- key: game_id, player_key · prices: American odds
WITH named AS (
  SELECT game_id, pitcher_id, pitcher_key FROM slate.probable_pitchers
  UNION ALL
  SELECT game_id, starter_id AS pitcher_id, starter_key AS pitcher_key FROM slate.line_ups
),
starters AS (
  SELECT game_id, REGEXP_REPLACE(pitcher_key, r'(jr|sr|ii|iii|iv)$', '') AS plain_key, MAX(pitcher_id) AS pitcher_id
  FROM named
  GROUP BY game_id, REGEXP_REPLACE(pitcher_key, r'(jr|sr|ii|iii|iv)$', '')
  HAVING COUNT(DISTINCT pitcher_id) = 1
),
priced AS (
  SELECT
    l.*,
    s.pitcher_id,
    COALESCE(CAST(s.pitcher_id AS STRING), l.player_key) AS whose,
    IF(l.over_price < 0, SAFE_DIVIDE(-l.over_price, 100 - l.over_price), SAFE_DIVIDE(100, 100 + l.over_price)) AS p_over,
    IF(l.under_price < 0, SAFE_DIVIDE(-l.under_price, 100 - l.under_price), SAFE_DIVIDE(100, 100 + l.under_price)) AS p_under
  FROM known.player_lines AS l
  LEFT JOIN starters AS s
    ON s.game_id = l.game_id AND s.plain_key = REGEXP_REPLACE(l.player_key, r'(jr|sr|ii|iii|iv)$', '')
),
balanced AS (
  SELECT
    *,
    ROW_NUMBER() OVER (
      PARTITION BY game_id, whose, book
      ORDER BY quoted_at DESC, COALESCE(ABS(p_over - p_under), 9), line, player_key
    ) AS n
  FROM priced
),
ranked AS (
  SELECT
    *,
    ROW_NUMBER() OVER (PARTITION BY game_id, whose ORDER BY line, book) AS place,
    COUNT(*) OVER (PARTITION BY game_id, whose) AS n_books
  FROM balanced
  WHERE n = 1
)
SELECT
  day, game_id, player_key, pitcher_id, player_name, line, book, quoted_at, over_price, under_price, n_books
FROM ranked
WHERE place = DIV((n_books + 1), 2)
