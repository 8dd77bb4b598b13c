#!/usr/bin/env bash
# The pre-commit hook: the auditor in an environment of its own, made once beside this script.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
environment="$here/.venv"
if [ ! -f "$environment/ready" ]; then
  new=$(mktemp -d "$here/.venv.XXXXXX")
  trap 'rm -rf "$new"' EXIT
  "${PYTHON:-python3}" -m venv "$new"
  "$new/bin/python" -m pip install --quiet --disable-pip-version-check "$here"
  touch "$new/ready"
  "${PYTHON:-python3}" -c 'import os, sys; os.rename(*sys.argv[1:])' "$new" "$environment" || [ -f "$environment/ready" ]
  rm -rf "$new"  # where another was first
  trap - EXIT
fi
exec "$environment/bin/python" -m tipoff_audit "$@"
