-- One line a player and game: of each book its newest quotes, of these the best balanced; of the books the lower median. Who is
-- meant is what line_names says: the quotes of one man count together, however the books spell him; a spelling of which it is not
-- certain whose it is keeps its row, without an id.
-- key: game_id, player_key · prices: American odds · n_quotes = 1 kept + n_dropped
WITH priced AS (
  SELECT
    l.*,
    w.player_id,
    COALESCE(CAST(w.player_id AS STRING), l.player_key) AS whose,
    IF(l.over_price < 0, SAFE_DIVIDE(-l.over_price, 100 - l.over_price), SAFE_DIVIDE(100, 100 + l.over_price)) AS p_over,
    IF(l.under_price < 0, SAFE_DIVIDE(-l.under_price, 100 - l.under_price), SAFE_DIVIDE(100, 100 + l.under_price)) AS p_under
  FROM known.player_lines AS l
  LEFT JOIN slate.line_names AS w ON w.game_id = l.game_id AND w.player_key = l.player_key
),
balanced AS (
  SELECT
    *,
    ROW_NUMBER() OVER (
      PARTITION BY game_id, whose, book
      ORDER BY quoted_at DESC, COALESCE(ABS(p_over - p_under), 9), line, player_key
    ) AS n,
    COUNT(*) OVER (PARTITION BY game_id, whose) AS n_quotes
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
  day, game_id, player_key, player_id, player_name, line, book, quoted_at, over_price, under_price, n_books, n_quotes,
  n_quotes - 1 AS n_dropped
FROM ranked
WHERE place = DIV((n_books + 1), 2)
