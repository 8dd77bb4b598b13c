"""Measurements that anyone can run; `prove` writes them into docs/evidence."""
