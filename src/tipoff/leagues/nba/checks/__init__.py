"""What is claimed of the NBA's slates; `catalog` lists it in order."""
