-- One line a player and game: of each book its newest quotes, of these the best balanced; of the books the lower median.
-- Names are matched to the two clubs' players by key, else by the key without suffix where only one player has it; of two
-- spellings of one player the exact one gets his id, the other keeps its row without.
-- key: game_id, player_key · prices: American odds · n_quotes = 1 kept + n_dropped
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
    ) AS n,
    COUNT(*) OVER (PARTITION BY game_id, player_key) AS n_quotes
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
last_games AS (
  SELECT
    player_id, player_key, team,
    REGEXP_REPLACE(player_key, '(jr|sr|ii|iii|iv)$', '') AS plain_key,
    ROW_NUMBER() OVER (PARTITION BY player_id ORDER BY day DESC, game_id DESC) AS n
  FROM before.player_games
),
sides AS (
  SELECT game_id, home_team AS team FROM slate.schedule
  UNION ALL
  SELECT game_id, away_team AS team FROM slate.schedule
),
players AS (
  SELECT
    s.game_id, l.player_id, l.player_key, l.plain_key,
    COUNT(*) OVER (PARTITION BY s.game_id, l.plain_key) AS n_plain
  FROM last_games AS l
  JOIN sides AS s ON s.team = l.team
  WHERE l.n = 1
),
matched AS (
  SELECT
    r.*,
    COALESCE(e.player_id, p.player_id) AS matched_id,
    ROW_NUMBER() OVER (
      PARTITION BY r.game_id, COALESCE(e.player_id, p.player_id)
      ORDER BY IF(e.player_id IS NULL, 1, 0), r.n_books DESC, r.player_key
    ) AS spelling
  FROM ranked AS r
  LEFT JOIN players AS e ON e.game_id = r.game_id AND e.player_key = r.player_key
  LEFT JOIN players AS p
    ON p.game_id = r.game_id AND p.n_plain = 1 AND e.player_id IS NULL
    AND p.plain_key = REGEXP_REPLACE(r.player_key, '(jr|sr|ii|iii|iv)$', '')
  WHERE r.place = DIV((r.n_books + 1), 2)
)
SELECT
  day, game_id, player_key,
  IF(spelling = 1, matched_id, NULL) AS player_id,
  player_name, line, book, quoted_at, over_price, under_price, n_books, n_quotes,
  n_quotes - 1 AS n_dropped
FROM matched
