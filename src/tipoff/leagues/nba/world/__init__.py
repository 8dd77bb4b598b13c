"""What stands outside, as the NBA's providers would answer: a recorded season, or a synthetic one."""
