"""The auditor: finds, in any code base, the patterns by which real pipelines failed in silence, judged by what they guard."""
