#!/usr/bin/env bash
# Fails unless two builds of the command write the same codes of the shipped pictures, bit by bit, by every solver.
#
#   scripts/compare_commands.sh build/demo/bin/splice build/release/bin/splice
set -euo pipefail
cd "$(dirname "$0")/.."

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
for solver in working_set coordinate_descent fista admm; do
  for number in 1 2; do
    "${!number}" decompose --model models/scene_clip --images models/scene_clip/pictures --device cpu --threads 1 \
      --solver "$solver" --out "$folder/$number.npz" --quiet >/dev/null
  done
  if ! cmp "$folder/1.npz" "$folder/2.npz"; then
    echo "compare_commands: $1 and $2 write different codes ($solver)" >&2
    exit 1
  fi
  echo "the same codes by $solver"
done
