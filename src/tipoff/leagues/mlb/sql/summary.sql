-- A season's predictions in one row, in strikeouts: of starters who had started before, by the line-ups as announced.
-- mae: of the served number · baseline_mae: of the mean of the last ten starts · calibration_error: of P(over the own line)
WITH graded AS (
  SELECT *
  FROM season.grades
  WHERE line_up = 'confirmed' AND NOT is_retrospective
),
served AS (
  SELECT * FROM graded WHERE system = 'blend'
),
bins AS (
  SELECT
    FLOOR(own_over_chance * 10) AS bin,
    COUNT(*) AS n,
    ABS(AVG(own_over_chance) - AVG(IF(is_over, 1.0, 0.0))) AS distance
  FROM served
  WHERE NOT is_void AND career_starts > 0
  GROUP BY FLOOR(own_over_chance * 10)
),
calibration AS (
  SELECT SAFE_DIVIDE(SUM(n * distance), SUM(n)) AS calibration_error FROM bins
),
made AS (
  SELECT COUNT(*) AS n, COUNT(IF(made_at >= first_pitch_at, 1, NULL)) AS n_late FROM season.predictions
),
totals AS (
  SELECT
    COUNT(IF(system = 'blend' AND NOT is_void, 1, NULL)) AS n_all,
    COUNT(IF(system = 'blend' AND NOT is_void AND career_starts > 0, 1, NULL)) AS n,
    AVG(IF(system = 'blend' AND career_starts > 0, abs_error, NULL)) AS mae,
    AVG(IF(system = 'rolling' AND career_starts > 0, abs_error, NULL)) AS baseline_mae,
    AVG(IF(system = 'bottom_up' AND career_starts > 0, abs_error, NULL)) AS bottom_up_mae,
    AVG(IF(system = 'lightgbm' AND career_starts > 0, abs_error, NULL)) AS lightgbm_mae,
    AVG(IF(system = 'blend' AND career_starts > 0, crps, NULL)) AS crps,
    AVG(IF(system = 'bottom_up' AND career_starts > 0, mean_strikeouts - actual_strikeouts, NULL)) AS bottom_up_error,
    AVG(IF(system = 'bottom_up' AND career_starts > 0, SAFE_DIVIDE(POW(actual_strikeouts - mean_strikeouts, 2), variance), NULL)) AS bottom_up_variance_ratio,
    SAFE_DIVIDE(COUNT(IF(system = 'blend' AND is_void, 1, NULL)), COUNT(IF(system = 'blend', 1, NULL))) AS void_ratio
  FROM graded
)
SELECT
  made.n AS made, made.n_late AS made_after_first_pitch,
  totals.n AS graded, totals.n_all AS graded_with_first_starts,
  totals.mae, totals.baseline_mae, totals.bottom_up_mae, totals.lightgbm_mae, totals.crps,
  calibration.calibration_error,
  totals.bottom_up_error, totals.bottom_up_variance_ratio, totals.void_ratio
FROM made
CROSS JOIN totals
CROSS JOIN calibration
